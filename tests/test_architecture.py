"""Who may import what: each module knows nothing about those outside its row."""

from __future__ import annotations

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CORE, GATEWAY = "tcp_core", "web_gateway"

PROGRAMS = {"client", "launcher", "health", "__main__"}
SOCKETS = {
    "server",
    "connection",
    "peer",
    "delivery",
    "watcher",
    "tcp",
    "tls",
    "pump",
    "certificate",
    "turned_away",
    "client",
    "launcher",
    "health",
}
HUB = {"hub", "reception", "ledger", "moderation", "admission", "entrance", "targets", "inbox", "figures"}
ONLY_IN = {
    "socket": SOCKETS,
    "selectors": SOCKETS,
    "select": SOCKETS,
    "sqlite3": {"event_log"},
    "ssl": {"certificate", "pump", "client"},
    "structlog": {"logs"},
    "prometheus_client": {"metrics"},
    "threading": {
        "server",
        "connection",
        "peer",
        "watcher",
        "launcher",
        "client",
        "__main__",
        "hub",
        "limits",
        "tls",
        "logs",
        "metrics",
        "restraint",
    },
}
NEARLY_ALONE: dict[str, set[str]] = {
    "messages": set(),
    "cleaning": set(),
    "deadlines": set(),
    "framing": {"messages"},
    "session": {"limits", "messages"},
    "limits": {"messages"},
    "proxy_header": {"messages", "limits"},
    "event_log": {"messages", "session"},
    "nicknames": {"cleaning", "messages"},
    "commands": {"cleaning", "messages"},
    "words": set(),
    "words_ru": {"words"},
    "words_en": {"words"},
    "wording": {"commands", "messages", "words", "words_ru", "words_en"},
    "secret": set(),
    "ignores": {"nicknames", "messages", "session"},
    "register": {"limits", "messages", "session"},
    "speech": {"register", "messages", "session"},
    "chat": {"ignores", "nicknames", "messages", "session", "speech"},
    "pruning": {"event_log", "deadlines"},
    "rendering": {"event_log", "messages"},
    "audience": set(),
    "tally": set(),
    "restraint": {"limits"},
    "logs": {"restraint"},
    "journal": {"messages", "session"},
    "metrics": {"figures", "tally", "messages"},
    "cursor": {"rendering"},
    "text_codec": {"wording", "commands", "messages"},
    "json_codec": {"wording", "commands", "messages", "framing"},
}
"""What the inner modules may import of the core; so none of them can reach the hub or a socket."""
IGNORANCE = re.compile(r"knows\s+nothing\s+about|no\s+clock\s+of\s+its\s+own", re.IGNORECASE)


def modules(package: str) -> dict[str, ast.Module]:
    return {path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in sorted((ROOT / package).glob("*.py"))}


def imports(tree: ast.Module) -> set[str]:
    """Return the full names of all modules that are imported, wherever in the file."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module is not None
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


CORE_MODULES, GATEWAY_MODULES = modules(CORE), modules(GATEWAY)
OF_THE_CORE = {
    name: {full.split(".")[1] for full in imports(tree) if full.startswith(f"{CORE}.")} & CORE_MODULES.keys()
    for name, tree in CORE_MODULES.items()
}


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_is_imported_only_where_it_belongs(library: str) -> None:
    users = {name for name, tree in CORE_MODULES.items() if library in {full.split(".")[0] for full in imports(tree)}}
    assert users
    assert users <= ONLY_IN[library]


@pytest.mark.parametrize("name", NEARLY_ALONE)
def test_an_inner_module_imports_only_its_row(name: str) -> None:
    assert OF_THE_CORE[name] <= NEARLY_ALONE[name]


def test_every_module_has_its_place() -> None:
    assert set(CORE_MODULES) == {*NEARLY_ALONE, *HUB, *SOCKETS, *PROGRAMS, "__init__"}


def test_the_hub_does_not_know_who_feeds_it() -> None:
    for name in HUB | {"peer", "delivery", "watcher"}:
        assert not OF_THE_CORE[name] & ({"server", "connection"} | PROGRAMS), name
    for name in ("peer", "delivery", "watcher"):
        assert not OF_THE_CORE[name] & (HUB | {"chat"}), name


def test_nobody_imports_a_program() -> None:
    for name, used in OF_THE_CORE.items():
        assert not used & PROGRAMS, name


def test_no_two_modules_need_each_other() -> None:
    assert list(TopologicalSorter(OF_THE_CORE).static_order())


def test_core_and_gateway_share_nothing_but_the_wire() -> None:
    for trees, other in ((CORE_MODULES, GATEWAY), (GATEWAY_MODULES, CORE)):
        for name, tree in trees.items():
            assert other not in {full.split(".")[0] for full in imports(tree)}, name


@pytest.mark.parametrize("name", sorted(set(CORE_MODULES) - PROGRAMS - {"__init__"}))
def test_a_module_says_what_it_knows_nothing_about(name: str) -> None:
    assert IGNORANCE.search(ast.get_docstring(CORE_MODULES[name]) or "")


@pytest.mark.parametrize(("trees", "title"), [(CORE_MODULES, CORE), (GATEWAY_MODULES, GATEWAY)])
def test_the_map_names_every_module(trees: dict[str, ast.Module], title: str) -> None:
    assert all(ast.get_docstring(tree) for tree in trees.values())
    chart = ast.get_docstring(trees["__init__"]) or ""
    mapped = set(re.findall(r"^    (\w+)  ", chart, re.MULTILINE)) | set(re.findall(r"`(\w+)`", chart))
    assert set(trees) - {"__init__", "__main__"} <= mapped, title
    assert mapped - {"parley"} <= set(trees), title
