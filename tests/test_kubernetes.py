"""What can be checked of docker/kubernetes.yaml without a cluster: it parses, and every image, setting, port, path,
volume and metric it names exists in the code; the probes ask what is there, and a stop is given the time it takes."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml

from api.app import create_app
from api.config import ApiSettings
from api.keys.keys import ApiKeys, KeyConfigError
from api.server.server import DRAIN_S
from extractor.cli.settings import rooms
from extractor.config import PREFIX
from extractor.service.valkey import binary, free_port
from schemas.registry import Registry
from tests.support.served import wait_until
from workers.config import WorkerSettings

ROOT = Path(__file__).parents[1]
DOCKER = ROOT / "docker"
OBJECTS: list[dict[str, Any]] = list(yaml.safe_load_all((DOCKER / "kubernetes.yaml").read_text()))
BY_NAME = {(one["kind"], one["metadata"]["name"]): one for one in OBJECTS}
PODS = {n: one["spec"]["template"]["spec"] for (k, n), one in BY_NAME.items() if k in ("Deployment", "StatefulSet")}
SETTINGS = {PREFIX + key.upper(): kind for _, kind in rooms() for key in kind.model_fields}
CONFIG: dict[str, str] = BY_NAME["ConfigMap", "extractor"]["data"]
SECRET: dict[str, str] = BY_NAME["Secret", "extractor"]["stringData"]
KEYS: dict[str, str] = BY_NAME["Secret", "extractor-keys"]["stringData"]
BUILT = {"extractor-api": "Dockerfile.api", "extractor-worker": "Dockerfile.worker"}


def container(name: str) -> dict[str, Any]:
    (one,) = PODS[name]["containers"]
    return dict(one)


def test_every_object_is_in_the_namespace_and_named_once() -> None:
    assert len(BY_NAME) == len(OBJECTS)
    assert {one["metadata"].get("namespace") for one in OBJECTS if one["kind"] != "Namespace"} == {"extractor"}
    assert PODS.keys() == {"extractor-redis", "extractor-api", "extractor-worker"}


def test_settings_exist_and_their_values_are_accepted() -> None:
    assert {name for name in (*CONFIG, *SECRET) if name.startswith(PREFIX)} <= SETTINGS.keys()
    values = {name.removeprefix(PREFIX).lower(): value for name, value in CONFIG.items()}
    for _, kind in rooms():
        kind.model_validate({key: value for key, value in values.items() if key in kind.model_fields})


@pytest.mark.parametrize("name", PODS)
class TestPod:
    def test_its_image_is_pinned_or_built_here(self, name: str) -> None:
        image = container(name)["image"]
        compose = yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"]
        known = {re.sub(r"\$\{\w+:-(.*)\}", r"\1", service["image"]) for service in compose.values()}
        assert image in known, "compose and this speak of the same"
        assert image not in BUILT or (DOCKER / BUILT[image]).is_file()

    def test_what_it_reads_exists(self, name: str) -> None:
        for variable in container(name).get("env", []):
            if "value" not in variable:
                held = variable["valueFrom"]["secretKeyRef"]
                assert held["name"] == "extractor"
                assert held["key"] in SECRET
            assert not variable["name"].startswith(PREFIX) or variable["name"] in SETTINGS
        for source in container(name).get("envFrom", []):
            assert ("ConfigMap", source["configMapRef"]["name"]) in BY_NAME

    def test_it_is_locked_down(self, name: str) -> None:
        pod, one = PODS[name], container(name)
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == (999 if name == "extractor-redis" else 10001)
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert one["securityContext"] == {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}
        }  # fmt: skip
        limits = one["resources"]["limits"]
        assert limits["cpu"], "processes are bounded by the node's podPidsLimit: no pod can say"
        assert limits["memory"]
        assert limits["ephemeral-storage"]
        for volume in pod.get("volumes", []):
            secret = volume.get("secret")
            if claim := volume.get("persistentVolumeClaim"):
                assert ("PersistentVolumeClaim", claim["claimName"]) in BY_NAME
                continue
            if files := volume.get("configMap"):
                assert files["optional"], "the user's own"
                continue
            assert secret or volume["emptyDir"]["sizeLimit"], "an empty folder that may fill the node"
            assert secret is None or ("Secret", secret["secretName"]) in BY_NAME

    def test_its_volumes_are_declared(self, name: str) -> None:
        claims = BY_NAME.get(("StatefulSet", name), {}).get("spec", {}).get("volumeClaimTemplates", [])
        declared = {v["name"] for v in PODS[name].get("volumes", [])} | {claim["metadata"]["name"] for claim in claims}
        assert {mount["name"] for mount in container(name)["volumeMounts"]} == declared

    def test_a_policy_says_who_may_reach_it(self, name: str) -> None:
        policy = BY_NAME["NetworkPolicy", name]["spec"]
        assert policy["podSelector"] == {"matchLabels": {"app": name}}
        assert policy["policyTypes"] == ["Ingress", "Egress"]


def test_the_api_may_send_webhooks_and_workers_may_fetch_models() -> None:
    for name in ("extractor-api", "extractor-worker"):
        to_all = [rule for rule in BY_NAME["NetworkPolicy", name]["spec"]["egress"] if "to" not in rule]
        assert {"port": 443, "protocol": "TCP"} in [port for rule in to_all for port in rule["ports"]]


def test_no_key_is_merged_and_then_set_again() -> None:
    """Strict readers of YAML refuse what they call a key that is there twice."""
    assert not re.findall("<<:", (DOCKER / "kubernetes.yaml").read_text())


def test_an_api_listens_until_nobody_is_sent_to_it() -> None:
    (sleep, seconds) = container("extractor-api")["lifecycle"]["preStop"]["exec"]["command"]
    assert sleep == "sleep"
    assert PODS["extractor-api"]["terminationGracePeriodSeconds"] >= int(seconds) + DRAIN_S + 10


def test_services_lead_to_ports_that_are_listened_on() -> None:
    for name, port in (("extractor-api", 8000), ("extractor-redis", 6379)):
        (listed,) = container(name)["ports"]
        (served,) = BY_NAME["Service", name]["spec"]["ports"]
        assert (listed["containerPort"], served["port"], served["targetPort"]) == (port, port, listed["name"])
        assert BY_NAME["Service", name]["spec"]["selector"] == {"app": name}
    assert (
        f"EXTRACTOR_PORT={container('extractor-api')['ports'][0]['containerPort']}"
        in (DOCKER / "Dockerfile.api").read_text()
    )
    assert SECRET["EXTRACTOR_REDIS_URL"].endswith("@extractor-redis:6379/0")


@pytest.mark.process
@pytest.mark.parametrize(
    ("does", "alive"),
    [("echo PONG", True), ("echo LOADING the dataset", True), ("exec sleep 60", False), ("exit 1", False)],
)
def test_the_probe_of_redis_wants_an_answer_whatever_it_is(tmp_path: Path, does: str, alive: bool) -> None:
    shell, flag, line = container("extractor-redis")["livenessProbe"]["exec"]["command"]
    asked = tmp_path / "redis-cli"
    asked.write_text(f"#!/bin/sh\n{does}\n")
    asked.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    waits = line.replace("timeout 3 ", "timeout 0.5 ")
    assert waits != line, "one that is stopped would hold the probe for ever"
    done = subprocess.run([shell, flag, waits], env={"PATH": path}, timeout=30, check=False, capture_output=True)
    assert (done.returncode == 0) == alive


def test_the_probes_of_the_api_ask_what_it_answers() -> None:
    paths = set(create_app(ApiSettings()).openapi()["paths"])
    one = container("extractor-api")
    assert one["readinessProbe"]["httpGet"]["path"] == "/healthz", "documents are taken while workers are away"
    assert one["livenessProbe"]["httpGet"]["path"] == "/healthz"
    annotations = BY_NAME["Deployment", "extractor-api"]["spec"]["template"]["metadata"]["annotations"]
    assert {"/healthz", annotations["prometheus.io/path"]} <= paths


def test_the_probes_of_a_worker_ask_for_its_heartbeat() -> None:
    """The image says where it is; what asks for it kills nobody, for the cluster does."""
    one, image = container("extractor-worker"), (DOCKER / "Dockerfile.worker").read_text()
    asked = {probe: one[probe]["exec"]["command"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")}
    assert asked["startupProbe"] == asked["readinessProbe"] == [*asked["livenessProbe"], "--ready"]
    assert json.dumps(asked["readinessProbe"]) in image
    python, *flags, module = asked["livenessProbe"]
    assert (python, flags) == ("python", ["-P", "-m"])
    assert importlib.util.find_spec(module)
    (file,) = re.findall(r"EXTRACTOR_HEARTBEAT_FILE=(\S+)", image)
    assert any(file.startswith(f"{mount['mountPath']}/") for mount in one["volumeMounts"]), "the root is read-only"
    alive = one["livenessProbe"]
    assert alive["periodSeconds"] * alive["failureThreshold"] <= 20, "it has been silent for long when it is seen"
    assert one["startupProbe"]["periodSeconds"] * one["startupProbe"]["failureThreshold"] >= 1800, "a download"


def test_a_worker_is_given_the_time_it_takes_to_stop() -> None:
    shutdown_s = float(CONFIG["EXTRACTOR_SHUTDOWN_S"]) + WorkerSettings().abort_s
    assert PODS["extractor-worker"]["terminationGracePeriodSeconds"] >= shutdown_s + 10
    assert container("extractor-worker")["resources"]["limits"]["nvidia.com/gpu"] == 1
    text = (DOCKER / "Dockerfile.worker").read_text()
    assert "HF_HOME=/models" in text
    assert "/models" in {mount["mountPath"] for mount in container("extractor-worker")["volumeMounts"]}


def test_the_store_keeps_what_it_acknowledged() -> None:
    (script,) = container("extractor-redis")["args"]
    words = shlex.split(script.partition("<<END")[0].replace("\\\n", " "))
    assert words[:3] == ["exec", "redis-server", "-"]
    options = dict(zip(words[3::2], words[4::2], strict=True))
    assert options["--appendonly"] == "yes"
    assert options["--maxmemory-policy"] == "noeviction"
    assert options["--slowlog-log-slower-than"] == "-1", "it would hold documents"
    assert options["--dir"] in {mount["mountPath"] for mount in container("extractor-redis")["volumeMounts"]}
    assert container("extractor-redis")["image"] == next(
        line.partition("=")[2]
        for line in (DOCKER / "images.lock").read_text().splitlines()
        if line.startswith("REDIS_IMAGE=")
    )


@pytest.mark.process
def test_the_password_of_the_store_is_no_argument(tmp_path: Path) -> None:
    """The pod's own command, over the server that is here."""
    one = container("extractor-redis")
    port = free_port()
    (tmp_path / "redis-server").write_text(f'#!/bin/sh\nexec "{binary()}" "$@" --port {port} --bind 127.0.0.1\n')
    (tmp_path / "redis-server").chmod(0o755)
    (script,) = one["args"]
    command = [*one["command"], script.replace("--dir /data", f"--dir {tmp_path}")]
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin", "REDIS_PASSWORD": "s3cr3t"}
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL) as server:
        try:
            with redis.Redis(port=port, password="s3cr3t", retry=None) as client:
                assert wait_until(lambda: answers(client), 20)
            with redis.Redis(port=port, retry=None) as client, pytest.raises(redis.AuthenticationError):
                client.ping()
            assert b"s3cr3t" not in Path(f"/proc/{server.pid}/cmdline").read_bytes()
        finally:
            server.terminate()
        assert server.wait(20) == 0, "SIGTERM reaches the server itself"


def answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def test_workers_scale_on_a_metric_that_exists() -> None:
    scaled = BY_NAME["ScaledObject", "extractor-worker"]["spec"]
    assert ("Deployment", scaled["scaleTargetRef"]["name"]) in BY_NAME
    assert "replicas" not in BY_NAME["Deployment", "extractor-worker"]["spec"], "two masters"
    (trigger,) = scaled["triggers"]
    (metric,) = re.findall(r"extractor_\w+", trigger["metadata"]["query"])
    assert trigger["metadata"]["query"].startswith("max(")
    assert any(f'"{metric}"' in path.read_text() for path in (ROOT / "api").rglob("*.py"))


def test_keys_are_a_file_that_is_renewed() -> None:
    """In a folder that is mounted whole: the kubelet renews nothing that is mounted by `subPath`."""
    one = container("extractor-api")
    (path,) = (Path(found["value"]) for found in one["env"] if found["name"] == "EXTRACTOR_API_KEYS")
    (mount,) = (found for found in one["volumeMounts"] if found["mountPath"] == str(path.parent))
    assert mount["readOnly"] is True
    assert "subPath" not in mount
    (volume,) = (found for found in PODS["extractor-api"]["volumes"] if found["name"] == mount["name"])
    assert BY_NAME["Secret", volume["secret"]["secretName"]]["stringData"].keys() == {path.name}


def test_the_api_does_not_start_with_the_secret_as_it_is() -> None:
    with pytest.raises(KeyConfigError):
        ApiKeys.of_file(KEYS["keys"].encode())
    assert SECRET["REDIS_PASSWORD"] in SECRET["EXTRACTOR_REDIS_URL"]


def test_a_cache_of_models_outlives_its_pods_and_serves_them_all() -> None:
    assert BY_NAME["PersistentVolumeClaim", "extractor-models"]["spec"]["accessModes"] == ["ReadWriteMany"]
    (models,) = [volume for volume in PODS["extractor-worker"]["volumes"] if volume["name"] == "models"]
    assert models["persistentVolumeClaim"]["claimName"] == "extractor-models"


@pytest.mark.parametrize("name", ["extractor-api", "extractor-worker"])
def test_a_node_that_is_drained_leaves_somebody(name: str) -> None:
    budget = BY_NAME["PodDisruptionBudget", name]["spec"]
    assert budget["selector"] == BY_NAME["Deployment", name]["spec"]["selector"]
    assert budget.get("minAvailable", budget.get("maxUnavailable")) == 1


def test_scaling_up_waits_for_those_that_start() -> None:
    """The oldest document's wait goes on growing while a new worker loads, which must not ask for more and more."""
    advanced = BY_NAME["ScaledObject", "extractor-worker"]["spec"]["advanced"]
    policies = advanced["horizontalPodAutoscalerConfig"]["behavior"]["scaleUp"]["policies"]
    assert all(policy["type"] == "Pods" and policy["periodSeconds"] >= 300 for policy in policies)


def test_the_ingress_leads_to_the_api_and_bounds_nothing_by_itself() -> None:
    ingress = yaml.safe_load((DOCKER / "ingress.yaml").read_text())
    (rule,) = ingress["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    service = path["backend"]["service"]
    (port,) = BY_NAME["Service", service["name"]]["spec"]["ports"]
    assert (ingress["metadata"]["namespace"], service["port"]["name"]) == ("extractor", port["name"])
    assert ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-body-size"] == "0"
    assert rule["host"] in ingress["spec"]["tls"][0]["hosts"]


@pytest.mark.parametrize("name", ["extractor-api", "extractor-worker"])
def test_schemas_of_the_user_are_mounted_where_they_are_looked_for(name: str) -> None:
    mounts = {mount["name"]: mount for mount in container(name)["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in PODS[name]["volumes"]}
    assert mounts["schemas"] == {"name": "schemas", "mountPath": CONFIG["EXTRACTOR_SCHEMAS"], "readOnly": True}
    assert volumes["schemas"]["configMap"] == {"name": "extractor-schemas", "optional": True}
    documented = (ROOT / "docs" / "deploy.md").read_text()
    assert "create configmap extractor-schemas" in documented


def test_schemas_are_found_in_what_a_configmap_is_mounted_as(tmp_path: Path) -> None:
    """Links to links; what comes later is swapped in at once, as the kubelet does it."""

    def mount(version: str, *names: str) -> None:
        folder = tmp_path / f"..{version}"
        folder.mkdir()
        for name in names:
            (folder / f"{name}.py").write_text("from pydantic import BaseModel\n\nclass One(BaseModel):\n    n: int\n")
            if not (tmp_path / f"{name}.py").is_symlink():
                (tmp_path / f"{name}.py").symlink_to(f"..data/{name}.py")
        (tmp_path / "..new").symlink_to(folder.name)
        (tmp_path / "..new").replace(tmp_path / "..data")

    mount("2026_01", "first")
    registry = Registry.discover((str(tmp_path),))
    assert registry.get("first").name == "first"
    mount("2026_02", "first", "second")
    assert registry.get("second").name == "second"
    assert not registry.problems
