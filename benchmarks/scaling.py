"""Runs each of the S workloads in sizes, all in turns, and reports the time per unit of work. scripts/benchmark.sh --scaling
calls it. Every size has a process of its own, so that none finds the memory of another; each gets a slice of time a round."""
import argparse
import glob
import json
import math
import os
import statistics
import sys

import compare
import report

# Of each: its unit, what its axis says, and about how many bytes a step goes over at a size.
SERIES = {
    'nodes': ('node', 'scalar nodes on the tape', lambda n: 48 * n),
    'batch': ('sample', 'samples in the batch', lambda n: 4 * (n * (784 + 3 * 50 + 3 * 10) + 2 * (784 * 50 + 500))),
    'width': ('multiply-add', 'width of both layers', lambda w: 4 * (4 * w * w + 6 * 64 * w))}
SIZES = {'nodes': [k * 10 ** e for e in range(3, 7) for k in (1, 3)] + [10 ** 7],
         'batch': [k * 10 ** e for e in range(4) for k in (1, 3)] + [10 ** 4],
         'width': [2 ** e for e in range(4, 13)]}
FLAT = 1.2  # largest over least, of what counts as the same
PERCENT = f'{100 * (FLAT - 1):.0f} %'
BEGIN, END = '<!-- scaling: written by scripts/benchmark.sh --scaling -->', '<!-- end of scaling -->'


def caches():
    """Bytes of the first processor's caches for data, by level."""
    out = {}
    for folder in glob.glob('/sys/devices/system/cpu/cpu0/cache/index*'):
        level, kind, size = (open(os.path.join(folder, name)).read().strip() for name in ('level', 'type', 'size'))
        if kind != 'Instruction':
            out[int(level)] = int(size[:-1]) * {'K': 1 << 10, 'M': 1 << 20}[size[-1]]
    return out


def binary(count):
    return f'{count / (1 << 20):.3g} MiB' if count >= 1 << 20 else f'{count / (1 << 10):.3g} KiB'


def flat(medians):
    """Ranges [first, last] of neighbours that lie within FLAT of one another, longest from the largest size down."""
    ranges, last = [], len(medians) - 1
    while last >= 0:
        first = last
        while first > 0 and max(medians[first - 1:last + 1]) <= FLAT * min(medians[first - 1:last + 1]):
            first -= 1
        ranges.insert(0, (first, last))
        last = first - 1
    return ranges


def verdict(series, points, levels):
    """A sentence on where this series is flat, and where what it goes over outgrows a cache."""
    unit, _, memory = SERIES[series]
    medians = [p['cpu']['median'] for p in points]
    same, apart, full = [], [], []
    for first, last in flat(medians):
        inside = medians[first:last + 1]
        if last > first:
            same.append(f'from {points[first]["size"]:,} to {points[last]["size"]:,} '
                        f'({report.duration(min(inside))} to {report.duration(max(inside))})')
        else:
            apart.append(f'{points[first]["size"]:,} ({report.duration(inside[0])})')
    for level, size in sorted(levels.items()):
        full += [f'L{level} of {binary(size)} is full between {a["size"]:,} and {b["size"]:,}'
                 for a, b in zip(points, points[1:]) if memory(a['size']) <= size < memory(b['size'])]
    says = f'**Time per {unit}** is flat within {PERCENT} ' + (', and '.join(same) or 'nowhere')
    says += '; by themselves: ' + ', '.join(apart) if apart else ''
    return says + '.' + (' ' + '; '.join(full) + '.' if full else '')


def table(result):
    rows = []
    for series, points in result['series'].items():
        best = min(p['cpu']['median'] for p in points)
        for p in points:
            times = [f'{report.duration(t["median"])} [{report.duration(t["q1"])}, {report.duration(t["q3"])}]'
                     for t in (p['cpu'], p['clock'])]
            rows.append([f'{series} {p["size"]:,}', *times, f'{p["cpu"]["median"] / best:.2f}',
                         binary(SERIES[series][2](p['size']))])
    return report.markdown(['', 'processor time per unit', 'by the clock', '/ least', 'goes over'], rows)


def ticks(low, high):
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [v for e in exponents for k in (1, 2, 5) if low * 0.999 <= (v := k * 10.0 ** e) <= high * 1.001]


def chart(series, points, levels):
    """Processor time per unit against size, both axes logarithmic, with quartiles. Grey: where it is flat."""
    unit, title, memory = SERIES[series]
    left, width, top, height = 80, 560, 30, 240
    sizes = [p['size'] for p in points]
    low = min(p['cpu']['q1'] for p in points) / 1.3
    high = max(3 * low, *(p['cpu']['q3'] * 1.3 for p in points))
    across = lambda v: left + width * math.log(v / sizes[0]) / math.log(sizes[-1] / sizes[0])
    up = lambda v: top + height * (1 - math.log(v / low) / math.log(high / low))
    line = lambda x1, y1, x2, y2, more: (f'<line x1="{x1:.1f}" x2="{x2:.1f}" y1="{y1:.1f}" y2="{y2:.1f}" {more}/>')
    text = lambda x, y, what, anchor='middle': f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{what}</text>'
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 40} {top + height + 50}" '
           'font-family="sans-serif" font-size="12">', '<rect width="100%" height="100%" fill="white"/>',
           text(left, 18, f'processor time per {unit}; grey: flat within {PERCENT}', 'start')]
    medians = [p['cpu']['median'] for p in points]
    for first, last in flat(medians):
        if last > first:
            least, most = min(medians[first:last + 1]), max(medians[first:last + 1])
            slack = math.sqrt(FLAT * least / most)
            out.append(f'<rect x="{across(sizes[first]):.1f}" width="{across(sizes[last]) - across(sizes[first]):.1f}" '
                       f'y="{up(most * slack):.1f}" height="{up(least / slack) - up(most * slack):.1f}" fill="#eee"/>')
    for v in ticks(low, high):
        out += [line(left, up(v), left + width, up(v), 'stroke="#ddd"'), text(left - 6, up(v) + 4, report.duration(v), 'end')]
    for v in sizes:
        out += [line(across(v), top + height, across(v), top + height + 4, 'stroke="#222"'),
                text(across(v), top + height + 18, f'{v:,}')]
    for level, size in levels.items():
        for a, b in zip(sizes, sizes[1:]):
            if memory(a) <= size < memory(b):
                share = math.log(size / memory(a)) / math.log(memory(b) / memory(a))
                x = across(a * (b / a) ** share)
                out += [line(x, top, x, top + height, 'stroke="#888" stroke-dasharray="4 3"'),
                        text(x + 4, top + 10, f'L{level} full', 'start')]
    out += [line(left, top + height, left + width, top + height, 'stroke="#222"'),
            text(left + width / 2, top + height + 38, title)]
    path = ' '.join(f'{across(p["size"]):.1f},{up(p["cpu"]["median"]):.1f}' for p in points)
    out.append(f'<polyline points="{path}" fill="none" stroke="#2a7fb8" stroke-width="1.5"/>')
    for p in points:
        x, t = across(p['size']), p['cpu']
        out += [line(x, up(t['q1']), x, up(t['q3']), 'stroke="#2a7fb8" stroke-width="2"'),
                f'<circle cx="{x:.1f}" cy="{up(t["median"]):.1f}" r="4" fill="#2a7fb8"/>']
    return '\n'.join(out + ['</svg>', ''])


def figures(result):
    m = result['machine']
    parts = [f'{m["date"]}; {m["processor"]}, {m["processors"]} processors, one thread; caches '
             f'{", ".join(f"L{k} {binary(v)}" for k, v in sorted(result["caches"].items()))}; {m["compiler"]}. Load average '
             f'before and after: {m["load before"][0]:.1f} {m["load after"][0]:.1f}. {result["rounds"]} rounds of '
             f'{result["slice"]:g} s a size, medians with quartiles.']
    if report.is_loaded(result):
        parts.append('**Other work was running on this machine**: the processor time counts here, and caches were shared.')
    for series, points in result['series'].items():
        parts += [f'![time per {SERIES[series][0]}](scaling-{series}.svg)', verdict(series, points, result['caches'])]
    return '\n\n'.join(parts + [table(result)])


def measure(rounds, slice_, start):
    """Of each series its points, and the first process, for what it says about itself."""
    running = [(series, size, start()) for series in SERIES for size in SIZES[series]]
    times = {(series, size): ([], []) for series, size, _ in running}
    for r in range(rounds + 1):
        shift = r % len(running)
        for series, size, side in running[shift:] + running[:shift]:
            answer = side.ask(f'S/{series}/{size}', slice_)
            if 'missing' in answer:
                sys.exit(f'S/{series}/{size}: {answer["missing"]}')
            if r:  # the first has the set-up's cold memory
                times[series, size][0].append(statistics.median(answer['cpu']))
                times[series, size][1].append(statistics.median(answer['seconds']))
    for _, _, side in running:
        side.end()
    return {s: [{'size': n, 'cpu': compare.spread(times[s, n][0]), 'clock': compare.spread(times[s, n][1])}
                for n in SIZES[s]] for s in SERIES}, running[0][2]


def main():
    parser = argparse.ArgumentParser(prog='scripts/benchmark.sh --scaling', description=__doc__.splitlines()[0])
    parser.add_argument('--quick', action='store_true', help='3 rounds of 0.02 s instead of 21 of 0.1 s, and nothing written')
    parser.add_argument('--json', metavar='FILE', help='all figures')
    parser.add_argument('--out', metavar='FILE', help='write into this file, and charts beside it (docs/performance.md)')
    parser.add_argument('--build', required=True, help=argparse.SUPPRESS)
    args = parser.parse_args()
    rounds, slice_ = (3, 0.02) if args.quick else (21, 0.1)
    program = os.path.join(args.build, 'benchmarks', 'workloads')
    load = os.getloadavg()
    series, side = measure(rounds, slice_, lambda: compare.Side('xgrad', 1, [program, '--serve', '1']))
    result = {'machine': compare.machine([side]) | {'load before': load, 'load after': os.getloadavg()},
              'caches': caches(), 'rounds': rounds, 'slice': slice_, 'series': series}
    if args.json:
        with open(args.json, 'w') as f:
            json.dump(result, f, indent=1)
    print(figures(result))
    out = args.out or (None if args.quick else os.path.join(compare.HERE, '..', 'docs', 'performance.md'))
    if out:
        report.put(out, BEGIN, END, figures(result))
        for name, points in series.items():
            with open(os.path.join(os.path.dirname(out), f'scaling-{name}.svg'), 'w') as f:
                f.write(chart(name, points, result['caches']))


if __name__ == '__main__':
    main()
