"""curves.py [--out FOLDER]: the time of a step against batch, width, depth and rows.

Writes curves.md and curves.svg, and checks that no point is dearer than its work explains: between
neighbours the time grows at most 1.3 times as much as the operations, which `chainrule show --plan`
counts. CHAINRULE is the program (default target/release/chainrule), PREFIX a command before each
command.
"""
import argparse
import json
import math
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
OURS = os.environ.get("CHAINRULE") or HERE.parent / "target/release/chainrule"
MOST = 1.3

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument("--out", type=Path, default=HERE)
p.add_argument("--threads", type=int, default=2)
p.add_argument("--repeats", type=int, default=5)
A = p.parse_args()


def net(depth, width):
    """A net of so many hidden layers."""
    layers = [f"  h{i} = relu(W{i} {'x' if i == 1 else f'h{i - 1}'} + b{i})" for i in range(1, depth + 1)]
    matrices = [f"  W{i} : R[H, {'d' if i == 1 else 'H'}] ~ he\n  b{i} : R[H] = 0" for i in range(1, depth + 1)]
    return "\n".join([
        f"size d = 256, H = {width}, K = 10", "batch N", "data", "  x : R[d] per N", "  y : label[K] per N", "param", *matrices,
        "  V : R[K, H] ~ he", "  c : R[K] = 0", "net", *layers, f"  z = V h{depth} + c", "  J = mean[N] cross_entropy(z, y)",
        "train J by sgd(step = 0.001) batch 128", ""])


def run(*args, prefix=True):
    before = shlex.split(os.environ.get("PREFIX", "")) if prefix else []
    words = before + [str(word) for word in (OURS, *args, "--json")]
    out = subprocess.run(words, capture_output=True, text=True)
    if out.returncode:
        sys.exit(f"{' '.join(words)}: {out.stdout}{out.stderr}")
    return json.loads(out.stdout.splitlines()[-1])


def point(file, label, rows, settings=(), data=None):
    """The median of a step in ms, and its operations."""
    given = [word for one in settings for word in ("--set", one)]
    flops = run("show", file, "--plan", "--rows", rows, *given, prefix=False)["trainings"][0]["flops"]
    # About 30 ms a repeat at 20 GFLOP/s, never fewer than 5 steps.
    steps = max(5, min(2000, int(6e8 / flops)))
    count = data or max(1024, 4 * rows)
    line = run("bench", file, "--batch", rows, "--rows", count, "--steps", steps, "--repeats", A.repeats, "--threads", A.threads, *given)
    return label, line["ms_step"], flops


def curves(folder):
    w5 = HERE.parent / "crates/chainrule/models/bench/w5.eqn"
    own = folder / "w5.eqn"
    own.write_text(w5.read_text())
    yield "batch", "W5, rows a step", [point(own, n, n) for n in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)]
    yield "width", "W5, units of both hidden layers", [point(own, n, 128, [f"H={n}"]) for n in (8, 16, 32, 64, 128, 256, 512, 1024, 2048)]
    deep = []
    for depth in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32):
        file = folder / f"deep{depth}.eqn"
        file.write_text(net(depth, 256))
        deep.append(point(file, depth, 128))
    yield "depth", "hidden layers of 256", deep
    yield "rows", "W5, rows of the data", [point(own, n, 128, data=n) for n in (128, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000)]


def checked(points):
    """Each point with how much dearer it is than its work against the one before."""
    for at, (label, time, flops) in enumerate(points):
        before = points[at - 1] if at else None
        yield label, time, flops, (time / before[1]) / (flops / before[2]) if before else None


def text(all_):
    out = ["# Cost curves", "", f"Milliseconds a step, {A.threads} threads, medians of {A.repeats}; the last column is the growth of the time over that of the",
           f"operations since the line before, at most {MOST}.", ""]
    wrong = []
    for name, title, points in all_:
        out += [f"## {title}", "", f"|{name}|ms|MFLOP|GFLOP/s|growth|", "|-|-|-|-|-|"]
        for label, time, flops, ratio in checked(points):
            mark = "" if ratio is None else f"{ratio:.2f}" + (" **!**" if ratio > MOST else "")
            if ratio is not None and ratio > MOST:
                wrong.append(f"{name} {label}: {ratio:.2f}")
            out.append(f"|{label}|{time:.4g}|{flops / 1e6:.4g}|{flops / time / 1e6:.3g}|{mark}|")
        out.append("")
    out.append("All neighbours hold." if not wrong else f"Dearer than their work: {', '.join(wrong)}.")
    return "\n".join(out) + "\n", wrong


def svg(all_):
    """Four panels, both axes logarithmic."""
    width, height, gap = 340, 240, 60
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * (width + gap) + 20}" height="{2 * (height + gap) + 20}" font-family="sans-serif" font-size="11">',
           '<rect width="100%" height="100%" fill="white"/>']
    for at, (_, title, points) in enumerate(all_):
        x0, y0 = gap + (at % 2) * (width + gap), 30 + (at // 2) * (height + gap)
        xs, ys = [math.log10(p[0]) for p in points], [math.log10(p[1]) for p in points]
        lo, hi = math.floor(min(ys)), max(math.ceil(max(ys)), math.floor(min(ys)) + 1)
        def px(x): return x0 + (x - xs[0]) / (xs[-1] - xs[0]) * width
        def py(y): return y0 + height - (y - lo) / (hi - lo) * height
        out.append(f'<text x="{x0}" y="{y0 - 10}" font-weight="bold">ms a step: {title}</text>')
        out.append(f'<rect x="{x0}" y="{y0}" width="{width}" height="{height}" fill="none" stroke="#888"/>')
        for ten in range(lo, hi + 1):
            out.append(f'<line x1="{x0}" x2="{x0 + width}" y1="{py(ten):.1f}" y2="{py(ten):.1f}" stroke="#ddd"/>')
            out.append(f'<text x="{x0 - 6}" y="{py(ten) + 4:.1f}" text-anchor="end">{10.0 ** ten:g}</text>')
        for point_, x in zip(points, xs):
            out.append(f'<text x="{px(x):.1f}" y="{y0 + height + 14}" text-anchor="middle" font-size="9">{point_[0]}</text>')
        # What the operations alone would cost, from the last point back.
        ideal = [math.log10(points[-1][1] * p[2] / points[-1][2]) for p in points]
        line = " ".join(f"{px(x):.1f},{min(py(y), y0 + height):.1f}" for x, y in zip(xs, ideal))
        out.append(f'<polyline points="{line}" fill="none" stroke="#bbb" stroke-dasharray="4 3"/>')
        line = " ".join(f"{px(x):.1f},{py(y):.1f}" for x, y in zip(xs, ys))
        out.append(f'<polyline points="{line}" fill="none" stroke="#06c" stroke-width="2"/>')
        out += [f'<circle cx="{px(x):.1f}" cy="{py(y):.1f}" r="3" fill="#06c"/>' for x, y in zip(xs, ys)]
    out.append("</svg>")
    return "\n".join(out) + "\n"


with tempfile.TemporaryDirectory() as folder:
    measured = list(curves(Path(folder)))
page, wrong = text(measured)
A.out.mkdir(parents=True, exist_ok=True)
(A.out / "curves.md").write_text(page + "\n![step time against batch, width, depth, rows](curves.svg)\n")
(A.out / "curves.svg").write_text(svg(measured))
print(page)
sys.exit(1 if wrong else 0)
