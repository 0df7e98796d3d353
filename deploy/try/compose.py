"""Starts what compose.yaml describes without an engine, and tries it: python compose.py CONTEXT MOTO

The server runs in the container's context with the service's environment. In place of the images stand PostgreSQL of this
machine and MOTO, an S3 server, at addresses of loopback that the root's hosts file gives the services' names.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import yaml

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
ADDRESSES = {"database": "127.0.0.21", "store": "127.0.0.22"}
SECRETS = {"POSTGRES_PASSWORD": "postgrespassword", "STORE_KEY": "storekey", "STORE_SECRET": "storesecret"}
URL = "http://127.0.0.1:18081"
READABLE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::backgrounds/*"]}],
}


def environment(service):
    """The service's variables, with what compose would put into them."""
    known = {**SECRETS, "PUBLIC_URL": URL, "STORE_PUBLIC_URL": f"http://{ADDRESSES['store']}:8333/backgrounds"}

    def value(match):
        name, default = match.group(1), match.group(2) or ""
        return known.get(name) or default.removeprefix(":-")

    return {name: re.sub(r"\$\{(\w+)(:[-?][^}]*)?\}", value, text) for name, text in service["environment"].items()}


def postgres(folder, password):
    """PostgreSQL as the service `database` sets it up."""
    programs = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        return None
    as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    if as_user:
        subprocess.run(["chown", "postgres", folder], check=True)
    secret = folder / "password"
    secret.write_text(password)
    secret.chmod(0o644)
    initdb = [programs[-1] / "initdb", "--no-sync", "--auth=scram-sha-256", "--username=image_ingest", f"--pwfile={secret}", "-D", folder / "data"]
    subprocess.run([*as_user, *initdb], check=True, stdout=subprocess.DEVNULL)
    run = [programs[-1] / "postgres", "-D", folder / "data", "-h", ADDRESSES["database"], "-p", "5432", "-c", f"unix_socket_directories={folder}"]
    process = subprocess.Popen([*as_user, *run], stderr=subprocess.DEVNULL)
    for _ in range(100):
        ready = [programs[-1] / "psql", "-h", ADDRESSES["database"], "-U", "image_ingest", "postgres", "-c", "CREATE DATABASE image_ingest"]
        if subprocess.run(ready, env={"PGPASSWORD": password, "PATH": ""}, capture_output=True).returncode == 0:
            return process
        time.sleep(0.1)
    raise SystemExit("compose: PostgreSQL does not answer")


def store(moto, folder):
    process = subprocess.Popen([moto, "-H", ADDRESSES["store"], "-p", "8333"], stdout=subprocess.DEVNULL, stderr=(folder / "moto").open("w"))
    for _ in range(100):
        try:
            url = f"http://{ADDRESSES['store']}:8333/backgrounds"
            urllib.request.urlopen(urllib.request.Request(url, method="PUT"))
            policy, headers = json.dumps(READABLE).encode(), {"Content-Type": "application/json"}
            urllib.request.urlopen(urllib.request.Request(url + "?policy", policy, headers, method="PUT"))
            return process
        except OSError:
            time.sleep(0.1)
    raise SystemExit("compose: the store does not answer")


def inside(root, data, variables, arguments, **how):
    assigned = [f"{name}={value}" for name, value in variables.items()]
    script = '. "$0/deploy/try/root.sh"; inside "$@"'
    command = ["sh", "-eu", "-c", script, REPOSITORY, root, data, *assigned, "--", *arguments]
    return subprocess.Popen(command, text=True, **how)


def program_of(process):
    """bubblewrap waits for the program, which is its child; chroot becomes it."""
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return int(children[0]) if children else process.pid


def admin(root, data, variables, *arguments):
    process = inside(root, data, variables, ["/image-ingest-server", *arguments], stdout=subprocess.PIPE)
    output = process.communicate()[0]
    assert process.returncode == 0, arguments
    return output.strip()


def main(context, moto):
    service = yaml.safe_load((REPOSITORY / "deploy/compose.yaml").read_text())["services"]["server"]
    variables = {**environment(service), "IMAGE_INGEST__LISTEN": "0.0.0.0:18081"}
    assert service["read_only"] and service["cap_drop"] == ["ALL"], service
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        (folder / "postgres").mkdir()
        processes = []
        try:
            database = postgres(folder / "postgres", SECRETS["POSTGRES_PASSWORD"])
            if database is None:
                print("compose: PostgreSQL is not installed; the file was not tried", file=sys.stderr)
                return
            processes += [database, store(moto, folder)]
            root, data = folder / "root", folder / "volume"
            subprocess.run(["sh", "-euc", '. "$0/deploy/try/root.sh"; lay_out "$1" "$2" "$3"', REPOSITORY, context, root, data], check=True)
            hosts = "".join(f"{address} {service}\n" for service, address in ADDRESSES.items())
            (root / "etc/hosts").write_text(hosts)
            log = (folder / "log").open("w")
            server = inside(root, data, variables, ["/image-ingest-server", "serve"], stdout=log, stderr=log)
            processes.insert(0, server)
            check = service["healthcheck"]["test"]
            assert check[0] == "CMD", check
            for attempt in range(100):
                probe = inside(root, data, variables, check[1:], stderr=subprocess.DEVNULL)
                if probe.wait() == 0:
                    break
                if server.poll() is not None or attempt == 99:
                    raise SystemExit("compose: the server does not start:\n" + "".join((folder / "log").read_text().splitlines(True)[:5]))
                time.sleep(0.1)
            key = admin(root, data, variables, "keys", "add", "acme")
            credential = admin(root, data, variables, "agents", "add", "phone-9")
            assert credential.startswith("bl_agent_phone-9_"), credential
            admin(root, data, variables, "numbers", "add", "acme", "+15550000009", "--agent", "phone-9")
            answer = put(key)
            # No agent runs: the change waits for one, and the image is in the bucket.
            assert answer["code"] == "device_unreachable", answer
            state = json.load(urllib.request.urlopen(ask("GET", key)))
            image = urllib.request.urlopen(state["background_url"]).read()
            assert image[:3] == b"\xff\xd8\xff" and state["background_url"].startswith(f"http://{ADDRESSES['store']}:8333/"), state
            os.kill(program_of(server), signal.SIGTERM)
            assert server.wait(timeout=20) == 0, (folder / "log").read_text()
            assert "chats 1, objects 1, pending changes 1" in admin(root, data, variables, "check", "--deep")
        finally:
            for process in processes:
                process.terminate()
                process.wait()
    print("compose: the server finds its database and its store as the file says; an image lies in the bucket")


def ask(method, key, body=None, headers=None):
    headers = {"Authorization": f"Bearer {key}", **(headers or {})}
    return urllib.request.Request(f"{URL}/v2/api/chats/%2B15551234567/background", body, headers, method=method)


def put(key):
    photo = (REPOSITORY / "testdata/jpeg/orientation_6.jpg").read_bytes()
    body = b'--b\r\nContent-Disposition: form-data; name="background"; filename="a"\r\n\r\n' + photo + b"\r\n--b--\r\n"
    try:
        answer = urllib.request.urlopen(ask("PUT", key, body, {"Content-Type": "multipart/form-data; boundary=b"}))
    except urllib.error.HTTPError as error:
        answer = error
    return json.load(answer)


main(*sys.argv[1:])
