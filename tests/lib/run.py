"""What tests/run does once everything is installed: build, run, count.

A test program prints `ok NAME` and `not ok NAME (…)` lines; these are counted. A program that crashes, hangs, fails without saying
so or checks nothing at all counts as one failure. Nothing is tried twice.
"""

import argparse
import concurrent.futures
import fcntl
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = TOP / "build"
LOGS = BUILD / "tests"
NODE = TOP / "tests" / "e2e" / "node_modules" / ".bin" / "node"
CORES = os.cpu_count() or 2
LINE = re.compile(r"^(ok|not ok)\b(.*)$")

ALONE = [str(TOP / "tests" / "lib" / "alone")]


class Program:
	"""One program to run: what it is called, how it is run, how long it may take."""

	def __init__(self, name, command, *, group, seconds=60, env=None, alone=False, judge=None):
		self.name = name
		self.command = [str(word) for word in command]
		self.group = group
		self.seconds = seconds
		self.env = env or {}
		self.alone = alone
		self.judge = judge  # for output without ok lines: (exit code, text) -> [(holds, name)]


class Count:
	def __init__(self):
		self.passed = 0
		self.failed = []  # (program, line)
		self.lock = threading.Lock()

	def add(self, program, results):
		with self.lock:
			for holds, name in results:
				if holds:
					self.passed += 1
				else:
					self.failed.append((program, name))


def run_limited(command, seconds, env, log):
	"""Runs in a session of its own; gives the exit code, None after a timeout. What it left behind in its group is ended."""
	with open(log, "wb") as out:
		try:
			child = subprocess.Popen(command, cwd=TOP, env={**os.environ, **env}, stdin=subprocess.DEVNULL, stdout=out,
				stderr=subprocess.STDOUT, start_new_session=True)
		except OSError as error:
			out.write(f"not ok it can be started ({error})\n".encode())
			return 1
		try:
			code = child.wait(timeout=seconds)
		except subprocess.TimeoutExpired:
			code = None
		for number in (signal.SIGTERM, signal.SIGKILL):
			try:
				os.killpg(child.pid, number)
			except ProcessLookupError:
				break
			if number == signal.SIGTERM:
				end = time.monotonic() + 3
				while child.poll() is None and time.monotonic() < end:
					time.sleep(0.05)
		child.wait()
	return code


def ok_lines(text):
	return [(match[1] == "ok", match[2].strip(" -")) for match in map(LINE.match, text.splitlines()) if match]


def judge_lines(code, text, seconds):
	results = ok_lines(text)
	if code is None:
		results.append((False, f"ends within {seconds} s"))
	elif code < 0 or code > 128:
		number = -code if code < 0 else code - 128
		results.append((False, f"ends by itself (killed by signal {number})"))
	elif code != 0 and all(holds for holds, _ in results):
		results.append((False, f"succeeds (exit code {code})"))
	elif not results:
		results.append((False, "checks something (it printed no result)"))
	complaint = re.search(r"ERROR: \w+Sanitizer.*|WARNING: ThreadSanitizer.*", text)
	if complaint and all(holds for holds, _ in results):
		results.append((False, f"the sanitizers have nothing to say ({complaint[0]})"))
	return results


def run_program(program, count):
	log = LOGS / (re.sub(r"[^\w.-]+", "_", program.name) + ".log")
	command = ALONE + program.command if program.alone else program.command
	began = time.monotonic()
	code = run_limited(command, program.seconds, program.env, log)
	took = time.monotonic() - began
	text = log.read_text(errors="replace")
	results = program.judge(code, text) if program.judge else judge_lines(code, text, program.seconds)
	count.add(program.name, results)
	bad = [name for holds, name in results if not holds]
	notes = [line for line in text.splitlines() if line.startswith("# ")]
	say(f"  {program.name}: {len(results) - len(bad)} ok{f', {len(bad)} NOT OK' if bad else ''} ({took:.1f} s)",
		*(f"    {line[2:]}" for line in notes), *(f"    not ok {name}" for name in bad))
	if bad:
		say(*(f"    | {line}" for line in text.splitlines()[-25:]))
	else:
		log.unlink()


printing = threading.Lock()


def say(*lines):
	with printing:
		for line in lines:
			print(line[:400], flush=True)


def run_group(title, programs, count, width=1):
	if not programs:
		return
	say(f"== {title}")
	with concurrent.futures.ThreadPoolExecutor(width) as pool:
		for _ in pool.map(lambda program: run_program(program, count), programs):
			pass


# -- builds -------------------------------------------------------------------------------------------------------------

class Build:
	def __init__(self, folder, options, targets=(), env=None):
		self.folder = BUILD / folder
		self.options = options
		self.targets = targets
		self.env = env or {}


BUILDS = {
	"asan": Build("asan", ["-DHOPKIN_TESTS=ON", "-DHOPKIN_SANITIZE=address"]),
	"tsan": Build("tsan", ["-DHOPKIN_TESTS=ON", "-DHOPKIN_SANITIZE=thread"]),
	"fuzz": Build("fuzz", ["-DHOPKIN_FUZZ=ON"], env={"CC": "clang"}),
	"peers": Build("release", ["-DHOPKIN_PEERS=ON"]),
}


def build_step(name, command, count, seconds=900, env=None):
	log = LOGS / f"build-{name}.log"
	began = time.monotonic()
	code = run_limited([str(word) for word in command], seconds, env or {}, log)
	good = code == 0
	say(f"  {name}: {'built' if good else 'NOT BUILT'} ({time.monotonic() - began:.1f} s)")
	if good:
		count.add(f"build {name}", [(True, f"{name} builds")])
		log.unlink()
	else:
		count.add(f"build {name}", [(False, f"{name} builds")])
		say(*(f"    | {line}" for line in log.read_text(errors="replace").splitlines()[-40:]))
	return good


def build_c(name, count):
	build = BUILDS[name]
	steps = f"cmake -S '{TOP}' -B '{build.folder}' -G Ninja {' '.join(build.options)} && ninja -k 0 -C '{build.folder}' {' '.join(build.targets)}"
	return build_step(name, ["sh", "-c", steps], count, env=build.env)


# -- what there is to run -----------------------------------------------------------------------------------------------

def built(folder, pattern):
	return sorted(path for path in (BUILD / folder).glob(pattern) if path.is_file() and os.access(path, os.X_OK))


def source_names(kind):
	"""The names that CMake gives to tests/KIND/LAYER/NAME.c, whether they are built yet or not."""
	return sorted(f"{kind}-{path.parent.name}-{path.stem}" for path in (TOP / "tests" / kind).glob("*/*.c"))


def units(build, prefix="", env=None, wrap=(), *, jail=False):
	"""The jail's tests run from the release build alone: sanitizers widen its filter and are themselves at odds with it."""
	folder = BUILD / build / "unit"
	return [Program(f"{prefix}{name}", [*wrap, folder / name], group=build, seconds=120, env=env)
		for name in source_names("unit") if name.startswith("unit-jail-") == jail]


ASAN = {
	"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99:strict_string_checks=1",
	"UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
}
TSAN = {"TSAN_OPTIONS": f"halt_on_error=1:exitcode=99:second_deadlock_stack=1:suppressions={TOP}/tests/lib/tsan.supp"}


def fuzz_program(name, arguments):
	target = BUILD / "fuzz" / "fuzz" / name
	_, layer, short = name.split("-", 2)
	corpus = TOP / "tests" / "fuzz" / layer / f"{short}.corpus"
	work = LOGS / "fuzz" / name
	planted = short == "planted"

	def judge(code, text):
		coverage = re.findall(r"cov: (\d+)", text)
		runs = re.findall(r"number_of_executed_units: (\d+)", text) or re.findall(r"Done (\d+) runs", text)
		say(f"    {name}: coverage {coverage[-1] if coverage else '?'}, runs {runs[-1] if runs else '?'}")
		if planted:
			return [(code not in (0, None) and "ERROR: AddressSanitizer" in text, "the planted bug is found")]
		return [(code == 0, f"{name} finds nothing" if code is not None else f"{name} ends in time")]

	work.mkdir(parents=True, exist_ok=True)
	limits = ["-runs=2000000", "-max_total_time=60"] if planted else arguments
	seconds = 7 * 24 * 3600 if any(word.startswith("-runs") for word in limits) and not planted else 180
	return Program(name, [target, *limits, "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1",
		f"-artifact_prefix={work}/", work, *([corpus] if corpus.is_dir() else [])], group="fuzz", seconds=seconds,
		env={**ASAN, "ASAN_OPTIONS": "detect_leaks=1:allocator_may_return_null=1"}, judge=judge)


def web_programs():
	web = TOP / "web"
	if not (web / "package.json").exists():
		return []
	env = {"PATH": f"{web}/node_modules/.bin:{os.environ['PATH']}"}
	return [Program(f"web-{script}", ["npm", "--prefix", web, "run", "--silent", script], group="web", seconds=180, env=env)
		for script in ("check", "test")]


def e2e_env(build="release"):
	return {**(ASAN if build == "asan" else {}), "HOPKIN_MEDIA": str(BUILD / "tests-media"), "HOPKIN_BUILD": str(BUILD / build)}


E2E_SECONDS = {"recovery": 300, "transports": 300, "screens": 500, "whip": 300, "refusals": 400}


def e2e_programs():
	scripts = sorted((TOP / "tests" / "e2e").glob("*.mjs"))
	return [Program(f"e2e-{path.stem}", [NODE, path], group="e2e", seconds=E2E_SECONDS.get(path.stem, 240), env=e2e_env(), alone=True)
		for path in scripts]


def e2e_fast(build="release"):
	suffix = "" if build == "release" else f"-{build}"
	return [Program(f"e2e-meeting-fast{suffix}", [NODE, TOP / "tests" / "e2e" / "meeting.mjs", "--fast"], group="e2e", seconds=120,
		env=e2e_env(build), alone=True)]


def native_programs(part, build, arguments=(), suffix=""):
	folder = TOP / "tests" / part
	scripts = sorted(path for path in folder.glob("run*") if path.is_file() and os.access(path, os.X_OK))
	env = {**{"asan": ASAN, "tsan": TSAN}.get(build, {}), "PATH": f"{NODE.parent}:{os.environ['PATH']}"}
	return [Program(f"{part}-{path.name.removeprefix('run').strip('-') or 'all'}{suffix}", [path, BUILD / build, *arguments],
		group=part, seconds=300, env=env, alone=True) for path in scripts]


def script_programs():
	return [Program(f"script-{path.name}", [path], group="scripts", seconds=120)
		for path in sorted((TOP / "tests" / "scripts").glob("*")) if os.access(path, os.X_OK)]


# -- the whole -----------------------------------------------------------------------------------------------------------

def plan(options):
	"""Groups in the order in which they run: (title, programs, how many at once, the build they need)."""
	fuzz_arguments = [f"-runs={options.fuzz}"] if options.fuzz else ["-max_total_time=5"]
	groups = [
		("unit tests (ASan, UBSan)", units("asan", "", ASAN), CORES, "asan"),
		("unit tests of the jail (release)", units("release", jail=True), 1, "release"),
		("web client", web_programs(), 1, "web"),
		("scripts and documents", [] if options.fast else script_programs(), CORES, "release"),
	]
	if options.fast:
		return groups + [("browsers", e2e_fast(), 1, "release")]
	return groups + [
		("unit tests (TSan)", units("tsan", "tsan-", TSAN, ["setarch", "-R"]), CORES, "tsan"),
		("fuzzing", [fuzz_program(name, fuzz_arguments) for name in source_names("fuzz")], CORES, "fuzz"),
		("interop", native_programs("interop", "release"), 1, "release"),
		("attacks", native_programs("attacks", "release"), 1, "release"),
		("load", native_programs("load", "release"), 1, "release"),
		("load (ASan, UBSan)", [program for program in native_programs("load", "asan", ["--few"], "-asan")
			if program.name == "load-all-asan"], 1, "asan"),
		("native peers (ASan, UBSan)", [program for program in native_programs("attacks", "asan", suffix="-asan")
			if program.name == "attacks-all-asan"], 1, "asan"),
		("a browser (ASan, UBSan)", e2e_fast("asan"), 1, "asan"),
		("native peers (TSan)", native_programs("interop", "tsan", ["--native"], "-tsan"), 1, "tsan"),
		("browsers", e2e_programs(), 1, "release"),
	]


def make_builds(needed, count):
	say("== builds")
	good = {}
	release = build_step("release", [TOP / "server" / "run", "--build-only"], count, 1200)
	good["web"] = good["release"] = release
	if "release" in needed:
		for part in ("e2e", "interop"):
			if (TOP / "tests" / part / "package-lock.json").exists():
				build_step(f"{part} packages", [TOP / "server" / "deps" / "node", TOP / "tests" / part], count, 400)
		good["release"] = build_c("peers", count) and release
	for name in ("asan", "tsan", "fuzz"):
		if name in needed:
			good[name] = build_c(name, count)
	return good


def arguments():
	parser = argparse.ArgumentParser(prog="tests/run")
	parser.add_argument("--fast", action="store_true")
	parser.add_argument("--only", metavar="PATTERN")
	parser.add_argument("--fuzz", metavar="RUNS", type=int)
	parser.add_argument("--bare", action="store_true")
	parser.add_argument("--list", action="store_true")
	return parser.parse_args()


def start_alone():
	"""Two runs in one tree would share build folders and logs: the second waits for the first."""
	BUILD.mkdir(exist_ok=True)
	lock = open(BUILD / "tests.lock", "w")
	try:
		fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
	except BlockingIOError:
		say("another tests/run is at work in this tree: waiting for its end")
		fcntl.flock(lock, fcntl.LOCK_EX)
	os.set_inheritable(lock.fileno(), False)
	start_alone.lock = lock  # held until this process ends


def main():
	options = arguments()
	if os.geteuid() == 0:
		os.environ.setdefault("HOME", "/root")
	if not options.list:
		start_alone()
		shutil.rmtree(LOGS, ignore_errors=True)
	LOGS.mkdir(parents=True, exist_ok=True)
	groups = plan(options)
	if options.only:
		groups = [(title, [program for program in programs if re.search(options.only, program.name)], width, need)
			for title, programs, width, need in groups]
	if options.list:
		for _, programs, _, _ in groups:
			for program in programs:
				print(program.name)
		return 0
	count = Count()
	began = time.monotonic()
	make_builds({need for _, programs, _, need in groups if programs}, count)
	for title, programs, width, need in groups:
		run_group(title, programs, count, width)
	if options.bare:
		run_group("bare Debian", [Program("bare-root", [TOP / "tests" / "bare-root"], group="bare", seconds=3600)], count)
	say("", f"{(time.monotonic() - began) / 60:.1f} minutes")
	if count.failed:
		say("what failed:", *(f"  {program}: {name}" for program, name in count.failed), f"logs: {LOGS}")
	print(f"{count.passed} passed, {len(count.failed)} failed", flush=True)
	return 1 if count.failed else 0


if __name__ == "__main__":
	sys.exit(main())
