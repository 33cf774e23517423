"""A report as JUnit XML, which build servers show."""

from xml.etree import ElementTree


def as_junit(report):
    """Every criterion is a test; an undecided one is skipped, with its reason."""
    verdicts = [check.verdict for check in report.checks]
    suite = ElementTree.Element(
        "testsuite",
        name="model update",
        tests=str(len(verdicts)),
        failures=str(verdicts.count("fail")),
        skipped=str(verdicts.count("undecided")),
        errors="0",
    )
    for check in report.checks:
        case = ElementTree.SubElement(
            suite, "testcase", classname="sklearn_graceful", name=check.name
        )
        if check.verdict == "fail":
            ElementTree.SubElement(case, "failure", message=check.reason)
        elif check.verdict == "undecided":
            ElementTree.SubElement(case, "skipped", message=check.reason)
        else:
            ElementTree.SubElement(case, "system-out").text = check.reason
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, "unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'
