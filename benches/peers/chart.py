"""docs/peers.svg: for each file the CPU time of every peer, relative to ours."""

from html import escape

import report

WIDTH, LEFT, RIGHT, TOP = 880, 250, 100, 96
BAR, GAP, GROUP_GAP = 11, 2, 14
MOST = 7  # A longer bar is cut there, and its label says how long it is.
COLOURS = ["#e8590c", "#5b8db8", "#7fa65a", "#a583b5", "#9a9a8c", "#c2a14d"]
STYLE = """
  text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #24292f; }
  .title { font-size: 17px; font-weight: 600; }
  .soft { fill: #59636e; }
  .ours { font-weight: 600; }
  .figure { font-size: 10px; }
  .grid { stroke: #d1d9e0; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .soft { fill: #9198a1; }
    .grid { stroke: #3d444d; }
  }
"""


def svg(heading, rows, mixed, facts):
    names = facts.names
    group = len(names) * (BAR + GAP) + GROUP_GAP
    bottom = TOP + len(rows) * group
    most = min(max((v for row in rows for v in relative(row, names).values() if v), default=1), MOST)
    scale = (WIDTH - LEFT - RIGHT) / most
    parts = [title(facts), legend(names), axis(most, scale, bottom)]
    for index, row in enumerate(rows):
        parts.append(bars(row, names, TOP + index * group, scale))
    parts.append(text(LEFT, bottom + 36, f"CPU time ÷ {report.OURS}'s: shorter is faster. {report.machine()}", "soft"))
    below = throughput(mixed, names, bottom + 76)
    parts += below
    bottom += 66 + len(below) * (BAR + GAP)
    view = f'viewBox="0 0 {WIDTH} {bottom + 50}" width="{WIDTH}" height="{bottom + 50}"'
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {view} role="img">', f"<style>{STYLE}</style>", *parts, "</svg>\n"])


def throughput(mixed, names, y):
    """Images a second on all CPUs, as bars beside their memory."""
    jobs = max(line["jobs"] for line in mixed)
    lines = [line for line in mixed if line["jobs"] == jobs]
    most = max(line["images_per_s"] for line in lines)
    parts = [text(LEFT - 12, y + 10, f"{lines[0]['images']} files at once, {jobs} jobs", "", "end")]
    for index, line in enumerate(lines):
        top, length = y + index * (BAR + GAP), line["images_per_s"] / most * (WIDTH - LEFT - RIGHT - 90)
        fill = COLOURS[names.index(line["peer"])]
        parts.append(f'<rect x="{LEFT}" y="{top}" width="{length:.1f}" height="{BAR}" rx="1.5" fill="{fill}"/>')
        label = f"{line['images_per_s']:.1f} images/s, {line['peak_rss_kb'] / 1024:.0f} MB"
        parts.append(text(LEFT + length + 5, top + 9, label, "ours figure" if line["peer"] == report.OURS else "figure"))
    return parts


def title(facts):
    name = "From an upload's bytes to a canonical JPEG's, one thread"
    return f"<title>{escape(name)}</title>\n" + text(16, 30, name, "title")


def legend(names):
    parts, x = [], 16
    for name, colour in zip(names, COLOURS):
        parts.append(f'<rect x="{x}" y="48" width="12" height="12" rx="2" fill="{colour}"/>')
        parts.append(text(x + 18, 58, name, "ours" if name == report.OURS else ""))
        x += 46 + 7 * len(name)
    return "\n".join(parts)


def axis(most, scale, bottom):
    parts = []
    for tick in range(int(most) + 1):
        x = LEFT + tick * scale
        parts.append(f'<line class="grid" x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{bottom}"/>')
        parts.append(text(x, bottom + 16, f"{tick}×", "soft", "middle"))
    return "\n".join(parts)


def bars(row, names, y, scale):
    found = relative(row, names)
    middle = y + len(names) * (BAR + GAP) / 2 + 4
    parts = [text(LEFT - 12, middle, row["file"], "", "end")]
    for index, name in enumerate(names):
        top = y + index * (BAR + GAP)
        value = found[name]
        if value is None:
            parts.append(text(LEFT + scale + 5, top + 9, f"{name}: {report.refusal(row, name)}", "soft figure"))
            continue
        length = min(value, MOST) * scale
        parts.append(f'<rect x="{LEFT}" y="{top}" width="{length:.1f}" height="{BAR}" rx="1.5" fill="{COLOURS[index]}"/>')
        kind = "ours figure" if name == report.OURS else "figure"
        parts.append(text(LEFT + length + 5, top + 9, label(row["figures"][name]["cpu_ms_median"], value), kind))
    return "\n".join(parts)


def label(milliseconds, value):
    shown = f"{milliseconds:.1f} ms" if milliseconds < 10 else f"{milliseconds:.0f} ms"
    return f"… {shown}, {value:.1f}×" if value > MOST else shown


def relative(row, names):
    """CPU time over ours; none where one is missing."""
    times = {name: row["figures"][name].get("cpu_ms_median") for name in names}
    ours = times[report.OURS]
    return {name: time / ours if time and ours else None for name, time in times.items()}


def text(x, y, content, kind, anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(content)}</text>'
