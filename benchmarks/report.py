"""The figures of compare.py as text, and as a table and a chart in a document."""
import math
import os

NAMES = {'xgrad': 'xgrad', 'compiled': 'compiled', 'before': 'before', 'limit': 'by hand', 'torch': 'PyTorch',
         'libtorch': 'LibTorch', 'jax': 'JAX', 'numpy': 'numpy'}
COLOURS = {'compiled': '#8a6fb0', 'limit': '#222222', 'before': '#222222', 'torch': '#d1495b', 'libtorch': '#e58f2a',
           'jax': '#2a7fb8',
           'numpy': '#5a9e4b'}
WHAT = {'W1': '784-50-10 ReLU, batch 100, SGD: a step', 'W2': '784-100-10 sigmoid, batch 1, SGD: a step',
        'W3': '784-512-512-10 ReLU, batch 128, Adam: a step', 'W4': 'a scalar node: recording, sweep, destruction',
        'W5': 'matmul', 'W6': 'two 3x3 convolutions, batch 64, SGD: a step', 'W7': 'sum(sigmoid(a*b+c)), gradients',
        'W8': 'transformer block, forward and backward', 'W9': 'LSTM 128, 64 steps, batch 32, forward and backward',
        'W10': 'second order', 'W11': '100 gradients of single samples', 'W12': 'prediction'}
# How many times the time of whom is allowed: (factor, side); side None: seconds.
GOALS = {'W1': (1.1, 'limit'), 'W2': (1.5, 'limit'), 'W3': (1.1, 'limit'), 'W4': (18e-9, None), 'W5': (1.03, 'limit'),
         'W6': (0.5, 'best peer'), 'W7': (1.3, 'limit'), 'W8': (0.6, 'best peer'), 'W9': (0.6, 'best peer'),
         'W10': (0.5, 'best peer'), 'W11': (0.3, 'best peer'), 'W12': (0.1, 'libtorch')}
KIND = {'clock': 'by the clock, each at its best thread setting',
        'processor': 'of the time of one processor, with one thread'}
BEGIN, END = '<!-- figures: written by scripts/benchmark.sh -->', '<!-- end of figures -->'


def duration(seconds):
    for unit, size in (('s', 1), ('ms', 1e-3), ('µs', 1e-6)):
        if seconds >= size:
            return f'{seconds / size:.3g} {unit}' if seconds < 100 * size else f'{seconds / size:.0f} {unit}'
    return f'{seconds / 1e-9:.3g} ns'


def megabytes(count):
    return f'{count / 1e6:.1f} MB'


def peers_of(row):
    return [p for p in ('torch', 'libtorch', 'jax', 'numpy') if p in row]


def is_loaded(result):
    """Whether other work was running: our own is one process at a time, on two threads at most."""
    m = result['machine']
    return m['load before'][0] > 1 or m['load after'][0] > 2.5


def ratio_of(side, by):
    """Of our time to this side's."""
    return side['ratio'] if by == 'clock' else side['cpu']['ratio'] if 'cpu' in side else None


def goal(workload, row):
    """What it says, and how many times the allowed time we take: by the clock at best, and of one processor. Parts
    that cannot be told are None."""
    factor, side = GOALS[workload.split('/')[0]]
    cpu = row['xgrad'].get('cpu')
    if side is None:
        return f'<= {duration(factor)}', row['xgrad']['median'] / factor, cpu and cpu['median'] / factor
    if side != 'best peer' and side not in row:
        return None, None, None
    if side != 'best peer':
        clock = busy = side
    elif peers := peers_of(row):
        clock = max(peers, key=lambda p: row[p]['ratio']['median'])
        busy = max((p for p in peers if 'cpu' in row[p]), key=lambda p: row[p]['cpu']['ratio']['median'], default=clock)
    else:
        return None, None, None
    return (f'<= {factor:g} x {NAMES.get(side, NAMES[clock])}', row[clock]['ratio']['median'] / factor,
            row[busy]['cpu']['ratio']['median'] / factor if 'cpu' in row[busy] else None)


def line(workload, row, by='clock'):
    parts = [f'{workload:<13} xgrad {duration(row["xgrad"]["median"]):>8} ({row["xgrad"]["threads"]}T)']
    for name in row:
        if name != 'xgrad' and (r := ratio_of(row[name], by)):
            parts.append(f'{r["median"]:.2f} [{r["q1"]:.2f}-{r["q3"]:.2f}] x {NAMES[name]}')
    return ', '.join(parts)


def text(result):
    lines = ['', f'median time at the best thread setting; ratios of xgrad to the others, {KIND[result["by"]]}, median '
             '[quartiles]:']
    return '\n'.join(lines + [line(w, row, result['by']) for w, row in result['workloads'].items()])


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
    others = [n for n in NAMES if n != 'xgrad' and any(n in row for row in result['workloads'].values())]
    head = ['', 'xgrad', *(f'/ {NAMES[n]}' for n in others), 'goal', 'time / goal', 'processor time, 1T / goal']
    rows = []
    for w, row in result['workloads'].items():
        says, *met = goal(w, row)
        marks = ['-' if m is None else f'{m:.2f}' if m <= 1 else f'**{m:.2f}**' for m in met]
        rows.append([w, cell(row['xgrad']), *(ratio(row.get(n), result['by']) for n in others), says or '-', *marks])
    return markdown(head, rows)


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
                     f'{duration(s["seconds"]["q3"])}]', megabytes(s['memory']),
                     f'{megabytes(size["program"])}, {megabytes(size["with_libraries"])}' if size else '-'])
    return markdown(['', 'start to first prediction', 'peak memory', 'stripped program, with its libraries'], rows)


def memory(result):
    names = [n for n in NAMES if any(n in row for row in result['memory'].values())]
    return markdown(['', *(NAMES[n] for n in names)],
                    [[w, *(megabytes(row[n]) if n in row else '-' for n in names)]
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
    parts = [header(result), f'![each side against xgrad]({picture})', table(result),
             '; '.join(f'{w}: {WHAT[w]}' for w in dict.fromkeys(x.split('/')[0] for x in result['workloads'])) + '.',
             "Each side's own times:", times(result)]
    if result['start']:
        parts += ["A program from its start to the first prediction of W1's network:", start(result)]
    if result['memory']:
        parts += ['Peak memory of a process that sets a workload up and takes its first steps:', memory(result)]
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
