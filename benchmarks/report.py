"""The figures of compare.py as text, and as a table and a chart in a document."""
import math
import os
import sys

import goals
from goals import NAMES, duration, megabytes

COLOURS = {'compiled': '#8a6fb0', 'limit': '#222222', 'before': '#222222', 'torch': '#d1495b', 'libtorch': '#e58f2a',
           'jax': '#2a7fb8',
           'numpy': '#5a9e4b'}
WHAT = {'W1': '784-50-10 ReLU, batch 100, SGD: a step', 'W2': '784-100-10 sigmoid, batch 1, SGD: a step',
        'W3': '784-512-512-10 ReLU, batch 128, Adam: a step', 'W4': 'a scalar node: recording, sweep, destruction',
        'W5': 'matmul', 'W6': 'two 3x3 convolutions, batch 64, SGD: a step', 'W7': 'sum(sigmoid(a*b+c)), gradients',
        'W8': 'transformer block, forward and backward', 'W9': 'LSTM 128, 64 steps, batch 32, forward and backward',
        'W10': 'second order', 'W11': '100 gradients of single samples', 'W12': 'prediction'}
KIND = {'clock': 'by the clock, each at its best thread setting',
        'processor': 'of the time of one processor, with one thread'}
BEGIN, END = '<!-- figures: written by scripts/benchmark.sh -->', '<!-- end of figures -->'


def is_loaded(result):
    """Whether other work was running: our own is one process at a time, on two threads at most."""
    m = result['machine']
    return m['load before'][0] > 1 or m['load after'][0] > 2.5


def ratio_of(side, by):
    """Of our time to this side's."""
    return side['ratio'] if by == 'clock' else side['cpu']['ratio'] if 'cpu' in side else None


def line(workload, row, by='clock'):
    parts = [f'{workload:<13} xgrad {duration(row["xgrad"]["median"]):>8} ({row["xgrad"]["threads"]}T)']
    for name in row:
        if name != 'xgrad' and (r := ratio_of(row[name], by)):
            parts.append(f'{r["median"]:.2f} [{r["q1"]:.2f}-{r["q3"]:.2f}] x {NAMES[name]}')
    return ', '.join(parts)


def text(result):
    lines = ['', f'median time at the best thread setting; ratios of xgrad to the others, {KIND[result["by"]]}, median '
             '[quartiles]:']
    lines += [line(w, row, result['by']) for w, row in result['workloads'].items()]
    if any('before' in row for row in result['workloads'].values()):
        return '\n'.join(lines + ['', builds(result)])
    judged = goals.verdict(result)
    lines += ['', *(f'{x["row"]:<25} {x["goal"]:<20} {goals.missed(x["share"]):<10} compiled: '
                    f'{goals.missed(x["compiled share"])}' for x in judged), goals.summary(judged)]
    if result['threads']:
        lines += ['', 'the second thread:', two_threads(result)]
    return '\n'.join(lines)


def builds(result):
    """How far this build and the other are apart."""
    apart = {}
    for w, row in result['workloads'].items():
        if 'before' in row and (r := ratio_of(row['before'], result['by'])):
            apart[w] = r
    far = {w: r for w, r in apart.items() if abs(r['median'] - 1) > goals.SAME_BUILD}
    says = f'{len(apart) - len(far)} of {len(apart)} rows within {100 * goals.SAME_BUILD:g} %'
    if far:
        says += '; apart: ' + ', '.join(f'{w} {r["median"]:.2f} [{r["q1"]:.2f}-{r["q3"]:.2f}]' for w, r in far.items())
    return says + '.'


def header(result):
    m = result['machine']
    sides = '; '.join(f'{NAMES[n]} {a["version"]} ({a["blas"]}{", " + a["instruction set"] if "instruction set" in a else ""})'
                      for n, a in m['sides'].items() if n not in ('limit', 'compiled'))
    load = ' '.join(f'{x:.1f}' for x in (*m['load before'][:1], *m['load after'][:1]))
    lines = [f'{m["date"]}; {m["processor"]}, {m["processors"]} processors; {m["system"]}; {m["compiler"]}.',
             f'{sides}. Load average before and after: {load}. {result["rounds"]} rounds of {result["slice"]:g} s a side.']
    if is_loaded(result):
        lines.append('**Other work was running on this machine: these figures are provisional.**')
    lines.append(f'The ratios are {KIND[result["by"]]}: medians with quartiles.')
    lines += [f'Without {NAMES.get(n, n)}: {why}.' for n, why in result['missing'].items()]
    return '\n'.join(lines)


def cell(side):
    if side is None:
        return '-'
    return f'{duration(side["median"])} [{duration(side["q1"])}, {duration(side["q3"])}] {side["threads"]}T'


def ratio(side, by):
    r = side and ratio_of(side, by)
    if not r:
        return '-'
    return f'{r["median"]:.2f} [{r["q1"]:.2f}, {r["q3"]:.2f}]'


def table(result):
    """Each row beside its goal."""
    head = ['', 'xgrad', 'compiled', 'goal', 'which is', 'time / goal', 'missed by', 'compiled / goal', 'missed by',
            'processor time, 1T / goal']
    share = lambda m: '-' if m is None else f'{m:.2f}' if m <= 1 else f'**{m:.2f}**'
    return markdown(head, [[x['row'], x['xgrad'], x['compiled'], x['goal'], x['allowed'], share(x['share']),
                            goals.missed(x['share']), share(x['compiled share']), goals.missed(x['compiled share']),
                            share(x['processor share'])] for x in goals.verdict(result)])


def ratios(result):
    others = [n for n in NAMES if n != 'xgrad' and any(n in row for row in result['workloads'].values())]
    return markdown(['', *(f'/ {NAMES[n]}' for n in others)],
                    [[w, *(ratio(row.get(n), result['by']) for n in others)] for w, row in result['workloads'].items()])


def two_threads(result):
    rows = []
    for w, r in result['threads'].items():
        wanted = goals.GAIN.get(w)
        share = wanted and wanted / r['gain']['median']
        rows.append([w, duration(r['one']), duration(r['two']),
                     f'{r["gain"]["median"]:.2f} [{r["gain"]["q1"]:.2f}, {r["gain"]["q3"]:.2f}]',
                     f'>= {wanted}' if wanted else '-', goals.missed(share), 'the same' if r['same bits'] else '**others**'])
    return markdown(['', 'one thread', 'two threads', 'times as fast', 'goal', 'missed by', 'bits'], rows)


def markdown(head, rows):
    lines = ['| ' + ' | '.join(head) + ' |', '|' + '---|' * len(head)]
    return '\n'.join(lines + ['| ' + ' | '.join(r) + ' |' for r in rows])


def times(result):
    """Each side's own times, one line a workload."""
    others = [n for n in NAMES if any(n in row for row in result['workloads'].values())]
    return markdown(['', *(NAMES[n] for n in others)],
                    [[w, *(cell(row.get(n)) for n in others)] for w, row in result['workloads'].items()])


def start(result):
    rows = []
    for n, s in result['start'].items():
        size = s.get('size')
        rows.append([NAMES[n], f'{duration(s["seconds"]["median"])} [{duration(s["seconds"]["q1"])}, '
                     f'{duration(s["seconds"]["q3"])}]', megabytes(s['memory']) if s['memory'] else '-',
                     f'{megabytes(size["program"])}, {megabytes(size["with_libraries"])}' if size else '-'])
    return markdown(['', 'start to first prediction', 'peak memory', 'stripped program, with its libraries'], rows)


def memory(result):
    names = [n for n in NAMES if any(n in row for row in result['memory'].values())]
    told = [n for n in names if any('tensors' in row.get(n, {}) for row in result['memory'].values())]
    both = [(n, 'tensors', f'{NAMES[n]}: tensors') for n in told] + [(n, 'process', NAMES[n]) for n in names]
    return markdown(['', *(head for _, _, head in both)],
                    [[w, *(megabytes(row[n][key]) if key in row.get(n, {}) else '-' for n, key, _ in both)]
                     for w, row in result['memory'].items()])


def chart(result):
    """Each side's time as a multiple of xgrad's, on a logarithmic axis, with quartiles; what is right of 1 is slower."""
    rows = list(result['workloads'].items())
    left, width, step, top = 110, 640, 22, 40
    points = [(i, n, 1 / r['median'], 1 / r['q3'], 1 / r['q1']) for i, (_, row) in enumerate(rows)
              for n, s in row.items() if n != 'xgrad' and (r := ratio_of(s, result['by']))]
    low = 10 ** math.floor(math.log10(min([0.5] + [p[3] for p in points])))
    high = 10 ** math.ceil(math.log10(max([2] + [p[4] for p in points])))
    at = lambda v: left + width * math.log(v / low) / math.log(high / low)
    height = top + step * len(rows) + 10
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 40} {height + 30}" '
           'font-family="sans-serif" font-size="12">', '<rect width="100%" height="100%" fill="white"/>']
    x = left
    for n in dict.fromkeys(p[1] for p in points):
        out.append(f'<circle cx="{x}" cy="14" r="4" fill="{COLOURS[n]}"/><text x="{x + 8}" y="18">{NAMES[n]}</text>')
        x += 100
    v = low
    while v <= high * 1.001:
        out.append(f'<line x1="{at(v):.1f}" x2="{at(v):.1f}" y1="{top - 8}" y2="{height - 10}" stroke="#ddd"/>'
                   f'<text x="{at(v):.1f}" y="{height + 6}" text-anchor="middle">{v:g}</text>')
        v *= 10
    out.append(f'<line x1="{at(1):.1f}" x2="{at(1):.1f}" y1="{top - 8}" y2="{height - 10}" stroke="#222" '
               'stroke-width="1.5"/>')
    out.append(f'<text x="{left + width / 2}" y="{height + 24}" text-anchor="middle">time as a multiple of xgrad\'s: '
               'left of 1 quicker, right of 1 slower</text>')
    for i, (w, _) in enumerate(rows):
        out.append(f'<text x="{left - 8}" y="{top + step * i + 4}" text-anchor="end">{w}</text>')
    for i, n, m, q1, q3 in points:
        y = top + step * i
        out.append(f'<line x1="{at(q1):.1f}" x2="{at(q3):.1f}" y1="{y}" y2="{y}" stroke="{COLOURS[n]}" '
                   f'stroke-width="2"/><circle cx="{at(m):.1f}" cy="{y}" r="4" fill="{COLOURS[n]}"/>')
    return '\n'.join(out + ['</svg>', ''])


def figures(result, picture):
    judged = goals.verdict(result)
    parts = [header(result), goals.summary(judged) + ' Judged by the clock, each side at its best thread setting; "compiled" '
             'is the same step by way of `compile()`. What a profile shows is left of those missed is told at the end.',
             table(result),
             '; '.join(f'{w}: {WHAT[w]}' for w in dict.fromkeys(x.split('/')[0] for x in result['workloads'])) + '.']
    if result['threads']:
        parts += ['What a second thread gives; W5/2048, a plain product, shows what the machine has to give. The bits are those of '
                  'the first results:', two_threads(result)]
    parts += [f"xgrad's time divided by the others', {KIND[result['by']]}:", f'![each side against xgrad]({picture})',
              ratios(result), "Each side's own times:", times(result)]
    if result['start']:
        parts += ["A program from its start to the first prediction of W1's network:", start(result)]
    if result['memory']:
        parts += ['Peak memory of a process that sets a workload up and takes its first steps; "tensors" is what '
                  '`memory_use().peak` says:', memory(result)]
    absent = [f'{w} in {NAMES[n]}: {why}' for w, notes in result['notes'].items() for n, why in notes.items()
              if why != 'not written']
    if absent:
        parts.append('Left out: ' + '; '.join(absent) + '.')
    return '\n\n'.join(parts)


def put(path, begin, end, text):
    """The text between the marks in the document; what is around them stays."""
    try:
        with open(path) as f:
            document = f.read()
    except FileNotFoundError:
        document = f'# Performance\n\n{begin}\n{end}\n'
    before, _, rest = document.partition(begin)
    _, _, after = rest.partition(end)
    with open(path, 'w') as f:
        f.write(f'{before}{begin}\n{text}\n{end}{after or chr(10)}')


def write(result, path):
    """The figures into the document, and the chart beside it."""
    picture = os.path.splitext(os.path.basename(path))[0] + '.svg'
    with open(os.path.join(os.path.dirname(path), picture), 'w') as f:
        f.write(chart(result))
    put(path, BEGIN, END, figures(result, picture))
    with open(path) as f:
        rows = goals.unexplained(goals.verdict(result), f.read())
    if rows:
        print(f'missed, without a word in {path}, What is left: ' + ', '.join(rows), file=sys.stderr)
