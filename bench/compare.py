"""Ours beside other systems, in one run.

Each workload is run by chainrule, by each other system in turn, and by chainrule again, so that all
see the same machine in the same hour; the ratio is the other's median over ours. The scripts of the
other systems print one line of JSON a measurement, with `workload` and `ms_step` (training) or `us`
and `batch` (inference). A system that is not installed is left out, and that is said.

Environment: CHAINRULE (the program; default target/release/chainrule), PREFIX (a command before each
command, for example `taskset -c 0,1`).
"""
import argparse
import datetime
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TRAIN = ["W1", "W1N", "W2", "W3", "W3D", "W4", "W5", "W6"]
FLOORS = {"W1": 3, "W1N": 3, "W2": 3, "W3": 1.5, "W3D": 1.4, "W4": 2.5, "W5": 2, "W6": 2, "W7": 1}
# The most memory of ours as a share of PyTorch's: with an f32 array, with bytes.
MEMORY = {"W3": (0.5, None), "W5": (0.27, 0.12), "W6": (0.27, None)}
# glibc's malloc gives memory back after every step unless it is told not to.
MALLOC = {"MALLOC_TRIM_THRESHOLD_": "4000000000", "MALLOC_MMAP_THRESHOLD_": "4000000000",
          "MALLOC_TOP_PAD_": "400000000"}
# oneDNN and MKL choose by themselves; OpenBLAS does not know every processor with AVX-512.
OPENBLAS = {"OPENBLAS_CORETYPE": "SKYLAKEX"}


def options():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("peers", metavar="PEERS_DIR", type=Path, help="the folder with venv-torch, venv-jax, venv-tf, rust_burn, rust_candle")
    p.add_argument("workloads", metavar="WORKLOAD", nargs="*", help="W1 W1N W2 W3 W3D W4 W5 W6 W7 (default: all)")
    p.add_argument("--scripts", type=Path, default=os.environ.get("PEERS_SCRIPTS"), help="the folder with bench_torch.py and the others [PEERS_SCRIPTS, else PEERS_DIR]")
    p.add_argument("--only", action="append", default=[], metavar="WORD", help="only systems whose name has this word; may be repeated")
    p.add_argument("--all-modes", action="store_true", help="also the modes that are rarely the best: torch-foreach, keras-jit, without AVX-512")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--repeats", type=int, default=3)
    p.add_argument("--steps", type=int, help="steps of a repeat")
    p.add_argument("--batch", type=int, help="rows a step, for all")
    p.add_argument("--bytes", action="store_true", help="ours keeps its data as bytes; the others have an f32 array")
    p.add_argument("--memory", action="store_true", help="compare memory instead of time, with PyTorch")
    p.add_argument("--out", type=Path, help="append every line of JSON to this file")
    p.add_argument("--timeout", type=float, default=600, help="seconds of a command")
    return p.parse_args()


A = options()
A.scripts = Path(A.scripts or A.peers).resolve()
A.peers = A.peers.resolve()
OURS = os.environ.get("CHAINRULE") or HERE.parent / "target/release/chainrule"


def say(text):
    print(text, file=sys.stderr, flush=True)


def run(command, env=None):
    """Lines of JSON that a command prints; an empty list if it fails, and then it is said."""
    command = shlex.split(os.environ.get("PREFIX", "")) + [str(word) for word in command]
    with tempfile.TemporaryDirectory() as folder:
        cwd = WORK if WORK else folder
        try:
            p = subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=A.timeout, env={**os.environ, **(env or {})})
        except subprocess.TimeoutExpired:
            say(f"  timeout: {' '.join(command)}")
            return []
    found = [json.loads(line) for line in p.stdout.splitlines() if line.startswith("{")]
    if p.returncode or not found:
        say(f"  failed: {' '.join(command)}\n  {p.stderr.strip()[-300:]}")
    if A.out:
        with A.out.open("a") as out:
            out.writelines(json.dumps(line) + "\n" for line in found)
    return found


def script(name, workload, args):
    """A Python script, with another batch if one is asked for."""
    path = A.scripts / name
    own = ["--workload", workload, "--threads", A.threads, "--repeats", A.repeats, *args]
    own += ["--steps", A.steps] if A.steps else []
    if not A.batch or workload.startswith("W1"):
        return [path, *own]
    code = (f"import sys, runpy; sys.path.insert(0, {str(A.scripts)!r}); import common; "
            f"n, b, s = common.SHAPE[{workload!r}]; common.SHAPE[{workload!r}] = (n, {A.batch}, s); "
            f"sys.argv = [{str(path)!r}] + sys.argv[1:]; runpy.run_path({str(path)!r}, run_name='__main__')")
    return ["-c", code, *own]


def systems(workload):
    """Name, command, environment of each system for a workload."""
    torch, jax, tf = (A.peers / f"venv-{name}/bin/python" for name in ("torch", "jax", "tf"))

    def python(name, interpreter, file, args, env=None):
        if not interpreter.exists() or not (A.scripts / file).exists():
            return (name, None, env)
        return (name, [interpreter, *script(file, workload, args)], env)

    all_ = []
    if workload != "W7":
        for mode in ["eager", "compile-all"] + (["foreach", "compile"] if A.all_modes else []):
            all_.append(python(f"torch-{mode}", torch, "bench_torch.py", ["--mode", mode]))
            all_.append(python(f"torch-{mode}/malloc", torch, "bench_torch.py", ["--mode", mode], MALLOC))
        if torch.exists() and workload not in ("W1", "W1N") and not A.batch:
            # Its linear layers by oneDNN, which takes AVX-512 where MKL does not.
            base = script("bench_torch.py", workload, ["--mode", "eager"])[1:]
            all_.append(("torch-mkldnn/malloc", [torch, HERE / "torch_mkldnn.py", A.scripts, *base], MALLOC))
        for mode in ["step", "scan"]:
            all_.append(python(f"jax-{mode}", jax, "bench_jax.py", ["--mode", mode]))
        if workload in ("W5", "W6"):
            all_.append(python("jax-scan-rbg", jax, "bench_jax.py", ["--mode", "scan", "--prng", "rbg"]))
        if workload in ("W5", "W6") or A.all_modes:
            for mode in ["fit"] + (["jit"] if A.all_modes else []):
                all_.append(python(f"keras-tf-{mode}", tf, "bench_tf.py", ["--mode", mode]))
        if workload not in ("W4", "W6"):
            all_.append(python("sklearn", torch, "bench_sklearn.py", [], OPENBLAS))
        for name in ("burn", "candle"):
            builds = [A.peers / f"rust_{name}" / target / "release" / f"rust_{name}" for target in ("target-nat", "target")]
            found = [build for build in builds if build.exists()]
            own = ["--workload", workload]
            if A.batch:
                found = []
            all_.append((name, [found[0], *own] if found else None, None))
    return [one for one in all_ if not A.only or any(word in one[0] for word in A.only)]


def inference():
    torch = A.peers / "venv-torch/bin/python"
    all_ = []
    for mode in ["torch", "torch-compile", "torch-freeze", "ort"]:
        there = torch.exists() and (A.scripts / "bench_infer.py").exists()
        commands = []
        for net in ("W5", "W6"):
            base = [torch, A.scripts / "bench_infer.py", "--workload", net, "--threads", A.threads]
            if mode == "ort":
                commands.append([*base, "--mode", "export"])
            commands.append([*base, "--mode", mode])
        all_.append((mode, commands if there else None))
    return [one for one in all_ if not A.only or any(word in one[0] for word in A.only)]


def read(path):
    return path.read_text() if path.exists() else ""


def ours(workload, more=()):
    own = [OURS, "bench", workload, "--json", "--threads", A.threads, "--repeats", A.repeats, *more]
    own += ["--steps", A.steps] if A.steps else []
    own += ["--batch", A.batch] if A.batch and not workload.startswith("W1") else []
    own += ["--bytes"] if A.bytes else []
    return run(own)


def machine():
    cpu = next((line.split(":")[1].strip() for line in read(Path("/proc/cpuinfo")).splitlines() if line.startswith("model name")), platform.processor())
    return f"{cpu}, {os.cpu_count()} cores, {platform.system()}, {datetime.date.today()}, {A.threads} threads, medians of {A.repeats} repeats"


def ms(value):
    return f"{value:.4g}"


def table(title, rows, mine, floor, unit):
    """Rows of (name, median, least, greatest, MB, version)."""
    print(f"\n### {title}\n\n|system|{unit}|min|max|ratio|MB|\n|-|-|-|-|-|-|")
    for name, value, least, most, memory, version in sorted(rows, key=lambda row: row[1]):
        name = f"{name} {version}" if version and not name.startswith("chainrule") else name
        print(f"|{name}|{ms(value)}|{ms(least)}|{ms(most)}|{value / mine:.2f}|{memory or ''}|")
    others = [row for row in rows if not row[0].startswith("chainrule")]
    if others:
        best = min(others, key=lambda row: row[1])
        ratio = best[1] / mine
        word = "reached" if ratio >= floor else "MISSED"
        print(f"\n**{title.split(',')[0]}: {ratio:.2f} x faster than {best[0]}, the best of the others; floor {floor}: {word}**")
        return title, mine, best[0], best[1], ratio, floor, word
    return title, mine, "-", float("nan"), float("nan"), floor, "no other"


def row(line, name=None):
    key = "ms_step" if "ms_step" in line else "us"
    least, most = line.get(f"{key}_min", line[key]), line.get(f"{key}_max", line[key])
    return (name or line["peer"], line[key], least, most, line.get("rss_mb"), line.get("version"))


def training(workload):
    say(f"{workload}: ours")
    before = ours(workload)
    rows = []
    for name, command, env in systems(workload):
        if command is None:
            say(f"{workload}: {name} is not there, left out")
            continue
        say(f"{workload}: {name}")
        rows += [row(line, name) for line in run(command, env)]
    say(f"{workload}: ours again")
    mine = before + ours(workload)
    if not mine:
        return None
    rows += [row(line, f"chainrule ({at})") for at, line in zip(("first", "last"), mine)]
    value = statistics.mean(line["ms_step"] for line in mine)
    batch = f", batch {A.batch}" if A.batch else ""
    title = f"{workload}{batch}{', bytes' if A.bytes else ''}"
    return table(title, rows, value, FLOORS[workload], "ms a step")


def inferring():
    before = ours("W7")
    lines = []
    for name, commands in inference():
        if commands is None:
            say(f"W7: {name} is not there, left out")
            continue
        for command in commands:
            say(f"W7: {name} {command[3]}")
            if command[-1] == "export":
                # It prints a size, no JSON.
                subprocess.run([str(word) for word in command], cwd=WORK, capture_output=True, timeout=A.timeout)
            else:
                lines += [(name, line) for line in run(command)]
    mine = before + ours("W7")
    done = []
    for net in ("W7-W5", "W7-W6"):
        for batch in (1, 1000):
            def same(line):
                return line["workload"] == net and line["batch"] == batch
            own = [line for line in mine if same(line)]
            rows = [row(line, name) for name, line in lines if same(line)]
            rows += [row(line, f"chainrule ({at})") for at, line in zip(("first", "last"), own)]
            value = statistics.mean(line["us"] for line in own)
            done.append(table(f"{net} {batch} rows", rows, value, FLOORS["W7"], "us"))
    return done


def memory(workloads):
    print("\n|workload|data of ours|ours MB|PyTorch MB|share|at most|\n|-|-|-|-|-|-|")
    for workload in workloads:
        torch = [line for name, command, env in systems(workload) if name == "torch-eager" and command for line in run(command, env)]
        if not torch:
            say(f"{workload}: torch-eager is not there, left out")
            continue
        for kind, bytes_, limit in (("f32 array", False, MEMORY.get(workload, (None, None))[0]), ("bytes", True, MEMORY.get(workload, (None, None))[1])):
            A.bytes = bytes_
            for line in ours(workload):
                share = line["rss_mb"] / torch[0]["rss_mb"]
                word = "" if limit is None else f"{limit} {'reached' if share <= limit else 'MISSED'}"
                print(f"|{workload}|{kind}|{line['rss_mb']:.0f}|{torch[0]['rss_mb']}|{share:.3f}|{word}|")


WORK = None
if __name__ == "__main__":
    if not Path(OURS).exists():
        sys.exit(f"there is no program {OURS}: cargo build --release, or set CHAINRULE")
    print(machine())
    if A.memory:
        memory(A.workloads or list(MEMORY))
        sys.exit()
    wanted = [w.upper() for w in A.workloads] or [*TRAIN, "W7"]
    results = []
    for workload in wanted:
        if workload == "W7":
            with tempfile.TemporaryDirectory() as WORK:
                results += inferring()
            WORK = None
        elif workload in TRAIN:
            results.append(training(workload))
        else:
            sys.exit(f"there is no workload {workload}; there are {', '.join([*TRAIN, 'W7'])}")
    print("\n## Summary\n\n|workload|ours|best other|its|ratio|floor||\n|-|-|-|-|-|-|-|")
    for title, mine, other, value, ratio, floor, word in filter(None, results):
        print(f"|{title}|{ms(mine)}|{other}|{ms(value)}|{ratio:.2f}|{floor}|{word}|")
