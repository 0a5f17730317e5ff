"""Runs the workloads on all sides in turns, A B C A B C ..., and reports. scripts/benchmark.sh calls it.

A side is a program, ours, a peer's or another build of ours, that waits for orders (benchmarks/workload.hpp,
peers/serve.py). All of them are set up with a workload at the same time, and then each gets a slice of time a round, in
another order each round. A ratio is that of two medians of one round; of these ratios it is the median again."""
import argparse
import json
import os
import platform
import select
import statistics
import subprocess
import sys
import tempfile
import time

import goals
import report

HERE = os.path.dirname(os.path.abspath(__file__))
WORKLOADS = ['W1', 'W1/1', 'W2', 'W3', 'W4', *('W5/' + p for p in (
    '256', '1024', '2048', 'W1_xw', 'W1_xTg', 'W1_gwT', 'W2_xw', 'W2_xTg', 'W2_gwT', 'W3_xw', 'W3_xTg', 'W3_gwT')),
    'W6', 'W7/1e4', 'W7/1e6', 'W8', 'W9', 'W10/hvp', 'W10/jacobian', 'W11', 'W12/1', 'W12/10000']
MEMORY = ['W1', 'W2', 'W3', 'W6', 'W8', 'W9', 'W11', 'W12/1', 'W12/10000']
PATIENCE = 120  # seconds, with one answer or one process


def environment(threads):
    """For everyone alike: BLAS chooses its own kernels, and malloc keeps what it got from the system."""
    env = {k: v for k, v in os.environ.items() if k not in ('OPENBLAS_CORETYPE', 'OPENBLAS_L2_SIZE', 'XGRAD_ARCH')}
    return env | {'MALLOC_MMAP_THRESHOLD_': str(1 << 28), 'MALLOC_TRIM_THRESHOLD_': str(1 << 30),
                  'XGRAD_THREADS': str(threads), 'OMP_NUM_THREADS': str(threads), 'MKL_NUM_THREADS': str(threads),
                  'OPENBLAS_NUM_THREADS': str(threads), 'PYTHONDONTWRITEBYTECODE': '1', 'JAX_PLATFORMS': 'cpu'}


class Side:
    def __init__(self, name, threads, command, suffix=''):
        self.name, self.threads, self.suffix = name, threads, suffix
        self.errors = tempfile.TemporaryFile('w+')
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
                                        text=True, env=environment(threads))
        self.about = self.read()

    def read(self):
        if not select.select([self.process.stdout], [], [], PATIENCE)[0]:
            self.process.kill()
            return {'missing': f'gave no answer in {PATIENCE} s'}
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        self.errors.seek(0)
        return {'missing': 'ended: ' + (self.errors.read().strip().splitlines() or ['without a word'])[-1]}

    def ask(self, workload, seconds):
        try:
            self.process.stdin.write(f'{workload}{self.suffix} {seconds}\n')
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        return self.read()

    def end(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.wait()


class Programs:
    """How each side is started."""

    def __init__(self, args):
        self.args = args

    def peer(self, name):
        if name == 'libtorch':
            return [os.path.join(self.args.libtorch, 'libtorch_peer')]
        return [self.args.python, os.path.join(HERE, 'peers', name + '_peer.py')]

    def once(self, name, workload):
        if name in ('xgrad', 'compiled'):
            suffix = '/compiled' if name == 'compiled' else ''
            return [os.path.join(self.args.build, 'benchmarks', 'workloads'), '--once', workload + suffix]
        return self.peer(name) + ['--once', workload]

    def first(self, name):
        if name in ('xgrad', 'libtorch'):
            folder = os.path.join(self.args.build, 'benchmarks') if name == 'xgrad' else self.args.libtorch
            return [os.path.join(folder, 'first_prediction')]
        return self.peer(name) + ['--first']

    def sides(self, missing):
        for threads in self.args.threads:
            ours = [os.path.join(self.args.build, 'benchmarks', 'workloads'), '--serve', str(threads)]
            wanted = [('xgrad', ours, '')]
            if self.args.against:
                before = os.path.join(self.args.against, 'benchmarks', 'workloads')
                wanted.append(('before', [before, '--serve', str(threads)], ''))
            else:
                wanted += [('compiled', ours, '/compiled'), ('limit', ours, '/limit')]
            wanted += [(p, self.peer(p) + [str(threads)], '') for p in self.args.peers]
            for name, command, suffix in wanted:
                if name in missing:
                    continue
                try:
                    side = Side(name, threads, command, suffix)
                except FileNotFoundError as e:
                    missing[name] = f'not built: {e.filename}'
                    continue
                if 'missing' in side.about:
                    missing[name] = side.about['missing']
                    continue
                yield side


def agree(got, expected):
    return len(got) == len(expected) and all(abs(a - b) <= 1e-3 * abs(b) for a, b in zip(got, expected))


def measure(workload, sides, args):
    """All sides' times of one workload: name -> threads -> medians by round and all repetitions; what is wrong; and the
    first results of ours by number of threads."""
    times, wrong, value, ours = {}, {}, None, {}
    running = []
    for side in sides:
        answer = side.ask(workload, 0.001)
        if 'missing' in answer:
            if side.name not in ('limit', 'compiled'):
                wrong[side.name] = answer['missing']
            continue
        value = value or answer['value']
        if side.name == 'xgrad':
            ours[side.threads] = answer['value']
        if not agree(answer['value'], value):
            wrong[side.name] = f'WRONG: {answer["value"]} instead of {value}'
            continue
        running.append(side)
    for r in range(args.rounds if running else 0):
        for side in running[r % len(running):] + running[:r % len(running)]:
            time.sleep(0.005)  # what the last one left spinning comes to rest
            answer = side.ask(workload, args.slice)
            if 'missing' in answer:
                wrong[side.name] = answer['missing']
                continue
            into = times.setdefault(side.name, {}).setdefault(side.threads, {'rounds': [], 'all': [], 'cpu': []})
            into['rounds'].append(statistics.median(answer['seconds']))
            into['all'] += answer['seconds']
            into['cpu'].append(statistics.median(answer['cpu']))
    return times, wrong, ours


def spread(values):
    q1, median, q3 = statistics.quantiles(values, n=4, method='inclusive') if len(values) > 1 else values * 3
    return {'median': median, 'q1': q1, 'q3': q3, 'least': min(values), 'count': len(values)}


def summary(times):
    """Of each side its best thread setting, and the ratio of ours to it, as it is and compiled."""
    row = {}
    for name, settings in times.items():
        row[name] = {'settings': {str(t): spread(s['all']) for t, s in settings.items()}}
        best = min(settings, key=lambda t: row[name]['settings'][str(t)]['q1'])
        row[name] |= {'threads': best, **row[name]['settings'][str(best)]}
    for own, key in (('xgrad', 'ratio'), ('compiled', 'compiled ratio')):
        if own not in row:
            continue
        ours = times[own][row[own]['threads']]['rounds']
        for name in row:
            theirs = times[name][row[name]['threads']]['rounds']
            row[name][key] = spread([a / b for a, b in zip(ours, theirs)])
    # With one thread: what the processors were busy for, which other work on the machine changes little.
    for name in row:
        if 1 in times[name] and 1 in times['xgrad']:
            ours, theirs = times['xgrad'][1]['cpu'], times[name][1]['cpu']
            row[name]['cpu'] = {**spread(theirs), 'ratio': spread([a / b for a, b in zip(ours, theirs)])}
    return row


def second_thread(times, values):
    """What it gives, and whether it leaves the bits alone."""
    one, two = (times['xgrad'][t] for t in (1, 2))
    return {'one': statistics.median(one['all']), 'two': statistics.median(two['all']), 'same bits': values[1] == values[2],
            'gain': spread([a / b for a, b in zip(one['rounds'], two['rounds'])])}


def run(command):
    """Seconds and output of a whole process, or None where it fails."""
    begin = time.perf_counter()
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(1), text=True,
                              timeout=PATIENCE)
    except (subprocess.TimeoutExpired, FileNotFoundError):
        return None
    return None if done.returncode else (time.perf_counter() - begin, done.stdout)


def peak_of(command):
    """Peak bytes and output of a whole process, or None. By a small program in between: the system counts what a
    process was before it became another program, and this one here is 18 MB."""
    with tempfile.NamedTemporaryFile('r') as told:
        if done := run(['/usr/bin/time', '-f', '%M', '-o', told.name, *command]):
            return 1024 * int(told.read().split()[-1]), done[1]
    return None


def size_of(program):
    """Of the program, stripped, and of the shared libraries it brings along, those of the compiler and libc aside."""
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, 'program')
        if subprocess.run(['strip', '-o', copy, program]).returncode:
            return None
        alone = os.path.getsize(copy)
    libraries = set()
    for line in subprocess.run(['ldd', program], capture_output=True, text=True).stdout.splitlines():
        path = line.split('=>')[-1].split(' (')[0].strip()
        if os.path.isabs(path):
            libraries.add(os.path.realpath(path))
    system = ('libc.so', 'libm.so', 'libstdc++', 'libgcc_s', 'ld-linux', 'libpthread', 'libdl', 'librt', 'libmvec')
    return {'program': alone, 'with_libraries': alone + sum(
        os.path.getsize(p) for p in libraries if not os.path.basename(p).startswith(system))}


def programs_cost(names, programs, rounds):
    """Start to first prediction: time, peak memory, size. A slow starter gets fewer rounds."""
    runs = {}
    for _ in range(rounds):
        for name in names:
            enough = sum(runs.get(name, [])) > 8
            if not enough and (done := run(programs.first(name))):
                runs.setdefault(name, []).append(done[0])
    out = {}
    for name, seconds in runs.items():
        peak = peak_of(programs.first(name))
        out[name] = {'seconds': spread(seconds), 'memory': peak and peak[0]}
        if name in ('xgrad', 'libtorch'):
            out[name]['size'] = size_of(programs.first(name)[0])
    return out


def peak_memory(workload, names, programs):
    """Of a process of each side, and what ours says about its tensors."""
    out = {}
    for name in names:
        if peak := peak_of(programs.once(name, workload)):
            out[name] = {'process': peak[0]}
            if name in ('xgrad', 'compiled'):
                out[name]['tensors'] = int(peak[1])
    return out


def machine(sides):
    with open('/proc/cpuinfo') as f:
        model = next((line.split(':')[1].strip() for line in f if line.startswith('model name')), platform.machine())
    compiler = subprocess.run(['c++', '--version'], capture_output=True, text=True).stdout.splitlines()
    return {'processor': model, 'processors': os.cpu_count(), 'system': platform.platform(),
            'compiler': compiler[0] if compiler else 'unknown', 'load before': os.getloadavg(),
            'date': time.strftime('%Y-%m-%d'), 'sides': {s.name: s.about for s in sides}}


def main():
    parser = argparse.ArgumentParser(prog='scripts/benchmark.sh', description=__doc__.splitlines()[0])
    parser.add_argument('--quick', action='store_true', help='3 rounds of 0.05 s instead of 11 of 0.1 s')
    parser.add_argument('--only', metavar='W1,W4', help='these workloads; W5 means all of W5')
    parser.add_argument('--peers', default=','.join(goals.PEERS), metavar=','.join(goals.PEERS), help='"none": the limits alone')
    parser.add_argument('--against', metavar='BUILD_DIR', help='compare with another build of xgrad, not with peers')
    parser.add_argument('--threads', default='1,2', metavar='1,2', help='the settings to try; the best one counts')
    parser.add_argument('--by', choices=('clock', 'processor'), help='the time that ratios are of: by the clock, or, '
                        'the default where other work is running, of one processor')
    parser.add_argument('--json', metavar='FILE', help='all figures')
    parser.add_argument('--out', metavar='FILE', help='write the table into this file, and a chart beside it '
                        '(docs/performance.md when everything is run)')
    parser.add_argument('--build', help=argparse.SUPPRESS)
    parser.add_argument('--libtorch', default='', help=argparse.SUPPRESS)
    parser.add_argument('--python', default=sys.executable, help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.rounds, args.slice = (3, 0.05) if args.quick else (11, 0.1)
    args.threads = [int(t) for t in args.threads.split(',')]
    args.peers = [] if args.against or args.peers == 'none' else args.peers.split(',')
    if unknown := set(args.peers) - set(goals.PEERS):
        parser.error('no such peer: ' + ', '.join(unknown))
    chosen = args.only.split(',') if args.only else []
    selected = [w for w in WORKLOADS if not chosen or w in chosen or w.split('/')[0] in chosen]
    if not selected:
        parser.error('no such workload: ' + args.only)

    programs, missing = Programs(args), {}
    sides = list(programs.sides(missing))
    for name, why in missing.items():
        print(f'without {name}: {why}', file=sys.stderr)
    if not any(s.name == 'xgrad' for s in sides):
        sys.exit(1)
    result = {'machine': machine(sides), 'rounds': args.rounds, 'slice': args.slice, 'quick': args.quick,
              'missing': missing, 'workloads': {}, 'notes': {}, 'threads': {}, 'start': {}, 'memory': {}}
    for workload in selected:
        times, wrong, values = measure(workload, sides, args)
        if wrong:
            result['notes'][workload] = wrong
        if 'xgrad' in times:
            result['workloads'][workload] = summary(times)
            if workload in goals.TWO_THREADS and {1, 2} <= set(times['xgrad']):
                result['threads'][workload] = second_thread(times, values)
            print(report.line(workload, result['workloads'][workload]), file=sys.stderr, flush=True)
    for side in sides:
        side.end()
    names = list(dict.fromkeys(s.name for s in sides if s.name not in ('limit', 'before', 'compiled')))
    if not args.against and 'W12/1' in selected:
        result['start'] = programs_cost(names, programs, 2 * args.rounds)
    for workload in [] if args.against else [w for w in MEMORY if w in result['workloads']]:
        there = [n for n in ['xgrad', *result['workloads'][workload]] if n != 'limit']
        result['memory'][workload] = peak_memory(workload, list(dict.fromkeys(there)), programs)
    result['machine']['load after'] = os.getloadavg()
    result['by'] = args.by or ('processor' if report.is_loaded(result) and 1 in args.threads else 'clock')

    if not args.against:
        result['verdict'] = goals.verdict(result)
    if args.json:
        with open(args.json, 'w') as f:
            json.dump(result, f, indent=1)
    print(report.text(result))
    complete = not args.only and not args.against and args.peers == goals.PEERS
    out = args.out or (os.path.join(HERE, '..', 'docs', 'performance.md') if complete else None)
    if out:
        report.write(result, out)
    if any(why.startswith('WRONG') for notes in result['notes'].values() for why in notes.values()):
        sys.exit('sides disagree about a value: those rows say nothing')


if __name__ == '__main__':
    main()
