"""What import-linter does not bring along: a folder's private modules are its own."""

from importlinter import Contract, ContractCheck, output


class PrivateModulesContract(Contract):
    """No folder of a package imports an underscored module of another folder."""

    def check(self, graph, verbose):
        """Look at all direct imports between folders."""
        found = [
            (importer, imported)
            for imported in sorted(graph.modules)
            if any(part.startswith("_") for part in imported.split(".")[2:])
            for importer in sorted(graph.find_modules_that_directly_import(imported))
            if importer.split(".")[:2] != imported.split(".")[:2]
        ]
        return ContractCheck(kept=not found, metadata={"found": found})

    def render_broken_contract(self, check):
        """Name both sides."""
        for importer, imported in check.metadata["found"]:
            output.print_error(f"{importer} imports {imported}")
