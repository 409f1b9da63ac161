"""deploy/Dockerfile: parsed, held against the package that it installs, and its commands run here."""

from __future__ import annotations

import http.server
import os
import re
import shlex
import socket
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from llm_cost_exporter import __version__
from llm_cost_exporter.commands import run
from llm_cost_exporter.config import Config, parse_address
from tests.deploy.kit import DEPLOY, Instruction, dockerfile, lies_in, options
from tests.processes import ROOT, free_port
from tests.web_kit import issue_certificate

BUILD, FINAL = dockerfile()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DOCUMENT = (ROOT / "docs/deploy.md").read_text()


def only(name: str) -> str:
    """What follows the one instruction of that name in the last stage."""
    (found,) = (one.text for one in FINAL if one.name == name)
    return found


def environment() -> dict[str, str]:
    return dict(word.split("=", 1) for word in shlex.split(only("ENV")))


def ignored(path: str) -> bool:
    """Whether Dockerfile.dockerignore keeps `path` from the builder: the last pattern that fits it, or a folder above it, says."""
    verdict = False
    for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        regex = re.escape(line.removeprefix("!")).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
        if re.fullmatch(f"{regex}(?:/.*)?", path):
            verdict = not line.startswith("!")
    return verdict


def test_the_builder_gets_all_that_the_wheel_is_made_of():
    """Each file that pyproject.toml names for the wheel is copied into the build stage, and none is ignored."""
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = [
        "pyproject.toml",
        PROJECT["project"]["readme"],
        *PROJECT["project"]["license-files"],
        *wheel["packages"],
        *wheel["force-include"],
    ]
    copied = [source for one in BUILD if one.name == "COPY" for source in one.words[:-1]]
    assert [path for path in needed if not lies_in(path, copied) or ignored(path)] == []
    assert [path for path in copied if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(
    "path",
    [
        ".venv/bin/python",
        ".git/config",
        "deploy/compose/secrets/slack-url",
        "usage.jsonl",
        "exporter/llm_cost_exporter/__pycache__/money.cpython-311.pyc",
    ],
)
def test_the_builder_gets_nothing_else(path: str):
    """What happens to lie in a checkout, secrets before all, is not sent to the builder."""
    assert ignored(path)


def test_both_stages_are_one_python_that_the_package_supports():
    """Pinned to a minor version, from the default registry; the bytecode is made for the Python that runs it."""
    bases = [stage[0].text.split()[0] for stage in (BUILD, FINAL)]
    build, final = (re.fullmatch(r"python:(\d+\.\d+)(-slim)?-([a-z]+)", base) for base in bases)
    assert build is not None, bases
    assert final is not None, bases
    assert final[2] == "-slim"
    assert (build[1], build[3]) == (final[1], final[3])
    assert f"Programming Language :: Python :: {final[1]}" in PROJECT["project"]["classifiers"]
    assert set(re.findall(r"/python(\d\.\d+)", (DEPLOY / "Dockerfile").read_text())) == {final[1]}


def test_it_runs_as_a_user_that_owns_the_state():
    """A number that is not root's; it owns the folder of the state, before that is declared a volume."""
    user, _, user_group = only("USER").partition(":")
    assert int(user) > 0
    names = [one.name for one in FINAL]
    (made,) = (one for one in FINAL if "install -d" in one.text)
    assert f"install -d -o {user} -g {user_group} -m 0750 {Config().state_dir}" in made.text
    assert FINAL.index(made) < names.index("VOLUME") < names.index("USER")
    assert [Path(path) for path in FINAL[names.index("VOLUME")].words] == [Config().state_dir]


def test_run_file_keeps_its_state_on_the_volume(monkeypatch):
    """`docker run IMAGE run FILE` has no home to write to, and yet its state is there after a restart."""
    monkeypatch.setenv("XDG_STATE_HOME", environment()["XDG_STATE_HOME"])
    assert lies_in(run._state_dir_for(("/var/log/app/usage.jsonl",)), [Config().state_dir])


def test_it_starts_what_the_package_installs():
    """The entry point is a script of the wheel, on the PATH; the command is one that the program takes; the port is the default."""
    (entry,) = (one.words for one in FINAL if one.name == "ENTRYPOINT")
    (command,) = (one.words for one in FINAL if one.name == "CMD")
    assert entry == list(PROJECT["project"]["scripts"])
    assert options(command)["config_file"] == "/etc/llm-cost-exporter/exporter.yml"
    assert int(only("EXPOSE")) == parse_address(Config().listen)[1]
    assert only("STOPSIGNAL") in {one.name for one in run._ENDS}
    installed = re.findall(r"-m venv --without-pip (\S+)", " ".join(one.text for one in BUILD))
    (copied,) = (one.words for one in FINAL if one.name == "COPY")
    assert copied[1:] == [installed[0], installed[0]]  # scripts and links of an environment hold only where it was made
    assert environment()["PATH"] == f"{installed[0]}/bin:$PATH"
    assert environment()["PYTHONUNBUFFERED"] == "1"


def test_its_labels_are_the_packages():
    """Title, description, licence and version are what pyproject.toml says; no address is made up."""
    labels = dict(word.removeprefix("org.opencontainers.image.").split("=", 1) for word in shlex.split(only("LABEL")))
    assert labels == {
        "title": PROJECT["project"]["name"],
        "description": PROJECT["project"]["description"],
        "licenses": PROJECT["project"]["license"],
        "version": __version__,
    }


@pytest.mark.parametrize(
    "path", [*DEPLOY.rglob("*.yml"), DEPLOY / "Dockerfile", ROOT / "docs/deploy.md"], ids=lambda path: path.name
)
def test_every_tag_is_this_version(path: Path):
    """Whoever builds the image by one file and starts it by another gets the same."""
    assert set(re.findall(r"llm-cost-exporter:(\d[\w.]*)", path.read_text())) <= {__version__}


def test_time_zones_need_nothing_of_the_image(tmp_path):
    """A slim image has no zone files: tzdata is a dependency, and suffices."""
    (tmp_path / "exporter.yml").write_text("timezone: Asia/Bangkok\nsources: [{paths: [a.jsonl]}]\n")
    command = [sys.executable, "-m", "llm_cost_exporter", "check-config", tmp_path / "exporter.yml"]
    done = subprocess.run(command, env=os.environ | {"PYTHONTZPATH": ""}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("stage", [BUILD, FINAL], ids=["build", "final"])
def test_bytecode_is_never_held_against_its_source(stage, tmp_path):
    """What the stage compiles is taken whatever time its source has: a copy, or a file system without times, costs no start."""
    (line,) = (one.text for one in stage if "compileall" in one.text)
    words = shlex.split(line[line.index("-m compileall") :])
    words = words[: words.index("&&")] if "&&" in words else words
    assert words[-1].startswith("/")
    (tmp_path / "module.py").write_text("x = 1\n")
    subprocess.run([sys.executable, *words[:-1], tmp_path], check=True)
    (made,) = (tmp_path / "__pycache__").iterdir()
    assert int.from_bytes(made.read_bytes()[4:8], "little") == 0b01  # by hash (PEP 552), and not checked


# the health check


def asked(command: list[str], port: int) -> int:
    """The exit status of a health check, run against a port of this machine."""
    assert command[0] == "python"
    words = [word.replace("9478", str(port)) for word in command[1:]]
    # A proxy in the environment, as containers have: a check of loopback must not ask it.
    proxy = {"http_proxy": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1"}
    done = subprocess.run([sys.executable, *words], env=proxy, stderr=subprocess.DEVNULL, timeout=30, check=False)
    return done.returncode


@pytest.fixture(scope="module")
def check() -> list[str]:
    (text,) = (one.text for one in FINAL if one.name == "HEALTHCHECK")
    return Instruction("CMD", text.partition(" CMD ")[2]).words


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


@pytest.mark.parametrize("users", [False, True], ids=["open", "basic auth"])
def test_the_health_check_passes_where_the_exporter_lives(servers, tmp_path, check, users: bool):
    """With a password, too: that it is refused is a sign of life."""
    arguments: list[str | Path] = []
    if users:
        web = yaml.safe_load((ROOT / "web.example.yml").read_text())
        (tmp_path / "web.yml").write_text(yaml.safe_dump({"basic_auth_users": web["basic_auth_users"]}))
        arguments = ["--web.config.file", tmp_path / "web.yml"]
    exporter = servers.exporter(
        config={"sources": [{"paths": [str(tmp_path / "*.jsonl")]}]}, args=arguments, wait=False
    )
    exporter.process.wait_until(lambda: asked(check, port_of(exporter.address)) == 0)
    exporter.stop()
    assert asked(check, port_of(exporter.address)) != 0


def test_the_health_check_for_tls_passes_too(servers, tmp_path):
    """The one that docs/deploy.md gives is right, and is one for TLS only."""
    (shown,) = re.findall(r"^ +test: (\[CMD, .*\])$", DOCUMENT, re.MULTILINE)
    command = yaml.safe_load(shown)[1:]
    issued = issue_certificate(tmp_path, "server")
    files = {"cert_file": str(issued.cert_file), "key_file": str(issued.key_file)}
    (tmp_path / "web.yml").write_text(yaml.safe_dump({"tls_server_config": files}))
    exporter = servers.exporter(
        config={"sources": [{"paths": [str(tmp_path / "*.jsonl")]}]},
        args=["--web.config.file", str(tmp_path / "web.yml")],
        wait=False,
    )
    exporter.process.wait_until(lambda: asked(command, port_of(exporter.address)) == 0)
    exporter.stop()
    assert asked(command, port_of(exporter.address)) != 0


def test_the_health_check_fails_where_nothing_listens(check):
    assert asked(check, free_port()) != 0


def test_the_health_check_fails_where_nobody_answers(check):
    """A process that hangs takes connections still; it is found out before Docker's own time is over."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert asked(check, silent.getsockname()[1]) != 0
    (text,) = (one.text for one in FINAL if one.name == "HEALTHCHECK")
    own, dockers = re.search(r"timeout=(\d+)\)", text), re.search(r"--timeout=(\d+)s", text)
    assert own is not None
    assert dockers is not None
    assert int(own[1]) < int(dockers[1])


@pytest.fixture
def failing() -> Iterator[int]:
    """The port of a server that answers 500."""

    class Failing(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(500)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Failing) as server:
        threading.Thread(target=server.serve_forever).start()
        yield server.server_address[1]
        server.shutdown()


def test_the_health_check_fails_where_the_answer_is_a_failure(check, failing):
    assert asked(check, failing) != 0
