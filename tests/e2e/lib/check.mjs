// The scripts' side of tests/unit/check.h: one `ok NAME` or `not ok NAME (…)` line for each thing checked.

let failures = 0;

export function check(name, holds, detail = "") {
	if (holds) {
		console.log(`ok ${name}`);
	} else {
		failures++;
		console.log(`not ok ${name}${detail === "" ? "" : ` (${String(detail).replaceAll("\n", " ").slice(0, 600)})`}`);
	}
	return Boolean(holds);
}

export function note(text) {
	console.log(`# ${text}`);
}

/** Asks `probe` again and again until it gives something true or `seconds` are over; gives its last answer. */
export async function until(probe, seconds = 10, pause_ms = 100) {
	const end = performance.now() + seconds * 1000;
	for (;;) {
		const answer = await probe();
		if (answer || performance.now() > end)
			return answer;
		await new Promise((done) => setTimeout(done, pause_ms));
	}
}

/** Runs one script's `body`, then what it left to `afterwards`, and ends the process with the verdict. */
const cleanups = [];

export function afterwards(step) {
	cleanups.push(step);
}

export async function scenario(name, body) {
	const stop = async (why) => {
		console.log(`not ok ${name} (${why})`);
		failures++;
		await clean();
		process.exit(1);
	};
	process.once("SIGTERM", () => stop("stopped from outside"));
	process.once("SIGINT", () => stop("stopped from outside"));
	try {
		await body();
	} catch (error) {
		check(`${name} runs to its end`, false, error?.stack ?? error);
	}
	await clean();
	process.exit(failures ? 1 : 0);
}

async function clean() {
	for (const step of cleanups.splice(0).reverse()) {
		try {
			await step();
		} catch (error) {
			note(`while cleaning up: ${error?.message ?? error}`);
		}
	}
}
