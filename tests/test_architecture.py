"""Who may import whom: the design's table, so that a wrong import fails here and not in review."""

import ast
import sys
from pathlib import Path

import grimp
import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).parent.parent
RULES_MAY_IMPORT = {"dateutil", "rapidfuzz", "phonenumbers"}


def test_every_import_contract_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_rules_import_only_the_standard_library_and_three_pure_libraries() -> None:
    graph = grimp.build_graph("scheduler", include_external_packages=True, cache_dir=None)
    rules = {"scheduler.rules"} | graph.find_descendants("scheduler.rules")
    imported = {name for module in rules for name in graph.find_modules_directly_imported_by(module)}
    outside = {name.split(".")[0] for name in imported} - {"scheduler"}
    assert outside - set(sys.stdlib_module_names) <= RULES_MAY_IMPORT


def test_every_blueprint_is_named_in_the_contract_that_keeps_them_apart() -> None:
    contracts = (ROOT / "pyproject.toml").read_text()
    blueprints = {path.parent.name for path in (ROOT / "scheduler" / "web").glob("*/__init__.py")}
    assert {name for name in blueprints if f'"scheduler.web.{name}"' not in contracts} == set()


def test_no_page_holds_the_database_session() -> None:
    """Pages ask services and the store; `db` in a view would write without a rule or an audit record."""
    holders = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "scheduler" / "web").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").split(".")[-1] == "extensions"
        and any(alias.name in {"db", "*"} for alias in node.names)
    ]
    assert holders == []
