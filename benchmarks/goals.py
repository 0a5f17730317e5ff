"""What each figure should be, and by how much it is missed."""
import re

NAMES = {'xgrad': 'xgrad', 'compiled': 'compiled', 'before': 'before', 'limit': 'by hand', 'torch': 'PyTorch',
         'libtorch': 'LibTorch', 'jax': 'JAX', 'numpy': 'numpy'}
PEERS = ['torch', 'libtorch', 'jax', 'numpy']
# How many times the time of whom is allowed: (factor, side); side None: seconds. A workload's own, or its family's.
GOALS = {'W1': (1.1, 'limit'), 'W1/1': (1 / 1.5, 'xgrad'), 'W2': (1.5, 'limit'), 'W3': (1.1, 'limit'), 'W4': (18e-9, None),
         'W5': (1.03, 'limit'), 'W6': (0.5, 'best peer'), 'W7': (1.3, 'limit'), 'W8': (0.6, 'best peer'),
         'W9': (0.6, 'best peer'), 'W10': (0.5, 'best peer'), 'W11': (0.3, 'best peer'), 'W12': (0.1, 'libtorch')}
TWO_THREADS = ['W3', 'W6', 'W8', 'W9', 'W5/2048']  # the last is a plain product: what the machine gives
GAIN = {'W3': 1.6, 'W6': 1.6, 'W8': 1.6}  # of a second thread, at least
SAME_BUILD = 0.05  # how far two builds may be apart


def duration(seconds):
    for unit, size in (('s', 1), ('ms', 1e-3), ('µs', 1e-6)):
        if seconds >= size:
            return f'{seconds / size:.3g} {unit}' if seconds < 100 * size else f'{seconds / size:.0f} {unit}'
    return f'{seconds / 1e-9:.3g} ns'


def megabytes(count):
    return f'{count / 1e6:.1f} MB'


def missed(share):
    """`share`: what we take of what is allowed."""
    if share is None:
        return '-'
    over = 100 * (share - 1)
    return 'met' if over <= 0 else f'{over:.2g} %' if over < 10 else f'{over:.0f} %'


def best_peer(row, ratio):
    """The one our time is the largest multiple of."""
    known = [p for p in PEERS if p in row and ratio(row[p])]
    return max(known, key=lambda p: ratio(row[p])['median'], default=None)


def of_workload(workload, row):
    """One line of the verdict: the goal, whose time it is a multiple of, and what of the allowed time we take: by the
    clock at the best thread settings, as it is and compiled, and of one processor. None where nothing can be told."""
    factor, side = GOALS.get(workload, GOALS[workload.split('/')[0]])
    line = {'row': workload, 'xgrad': duration(row['xgrad']['median']), 'goal': '-', 'allowed': '-',
            'compiled': duration(row['compiled']['median']) if 'compiled' in row else '-',
            'share': None, 'compiled share': None, 'processor share': None}
    if side is None:
        cpu = row['xgrad'].get('cpu')
        return line | {'goal': f'<= {duration(factor)}', 'allowed': duration(factor),
                       'share': row['xgrad']['median'] / factor, 'processor share': cpu and cpu['median'] / factor}
    ways = {'share': lambda s: s['ratio'], 'compiled share': lambda s: s.get('compiled ratio'),
            'processor share': lambda s: s['cpu']['ratio'] if 'cpu' in s else None}
    whose = ''
    if side == 'xgrad':  # a goal of the plan alone
        del ways['share'], ways['processor share']
        whose = 'compiled '
    for key, ratio in ways.items():
        other = best_peer(row, ratio) if side == 'best peer' else side if side in row else None
        if other is None or not ratio(row[other]):
            continue
        line[key] = ratio(row[other])['median'] / factor
        if line['goal'] == '-':
            line['goal'] = f'{whose}<= {factor:.3g} x {NAMES[other]}'
            line['allowed'] = duration(factor * row[other]['median'])
    return line


def of_program(start):
    """The lines of what W12 asks of a whole program."""
    ours, theirs = start.get('xgrad'), start.get('libtorch')
    if not ours:
        return []
    factor = GOALS['W12'][0]
    lines = []
    for what, of, show in (('start to prediction', lambda s: s['seconds']['median'], duration),
                           ('peak memory', lambda s: s['memory'], megabytes),
                           ('size with libraries', lambda s: s['size'] and s['size']['with_libraries'], megabytes)):
        a, b = of(ours), theirs and of(theirs)
        if a:
            lines.append({'row': 'W12, ' + what, 'xgrad': show(a), 'compiled': '-', 'compiled share': None,
                          'goal': f'<= {factor:g} x LibTorch', 'allowed': show(factor * b) if b else '-',
                          'share': a / (factor * b) if b else None, 'processor share': None})
    return lines


def verdict(result):
    return [of_workload(w, row) for w, row in result['workloads'].items()] + of_program(result['start'])


def is_missed(line):
    """By its own step, or, where that has no goal, compiled."""
    share = line['compiled share'] if line['share'] is None else line['share']
    return share is not None and share > 1


def summary(lines):
    """A sentence on how many goals are met, and which are not."""
    judged = [x for x in lines if x['share'] is not None or x['compiled share'] is not None]
    failed = [x for x in judged if is_missed(x)]
    by_plan = [x['row'] for x in failed if x['share'] is not None and (x['compiled share'] or 2) <= 1]
    says = f'{len(judged) - len(failed)} of {len(judged)} goals are met'
    if failed:
        says += '; missed: ' + ', '.join(
            f'{x["row"]} ({missed(x["compiled share"] if x["share"] is None else x["share"])})' for x in failed)
    if by_plan:
        says += '; of these met when compiled: ' + ', '.join(by_plan)
    return says + '.'


def unexplained(lines, document):
    """Those missed that `What is left` has no word on."""
    told = set(re.findall(r'^- \*\*(W\d+)', document.partition('## What is left')[2], re.M))
    return [x['row'] for x in lines if is_missed(x) and re.match(r'W\d+', x['row'])[0] not in told]
