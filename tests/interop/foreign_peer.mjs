// A participant whose WebRTC stack is another program (JSON lines: offer, answer, report); its signaling is done here, by the documented protocol.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Client } from '../e2e/lib/client.mjs';

export class ForeignPeer {
	constructor(program, words = []) {
		this.child = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'] });
		this.lines = [];
		this.waiting = [];
		createInterface({ input: this.child.stdout }).on('line', (line) => {
			const waiter = this.waiting.shift();
			if (waiter)
				waiter(JSON.parse(line));
			else
				this.lines.push(JSON.parse(line));
		});
	}

	/** One command, and the line it is answered with. */
	async run(command, ms = 20000) {
		this.child.stdin.write(`${JSON.stringify(command)}\n`);
		if (this.lines.length)
			return this.lines.shift();
		return new Promise((resolve, reject) => {
			const timer = setTimeout(() => reject(new Error(`no answer to ${command.cmd}`)), ms);
			this.waiting.push((line) => { clearTimeout(timer); resolve(line); });
		});
	}

	/** Enters and joins; gives the answer to `join`, or the refusal. */
	async join(server, { room, password, name, state = {}, ...offer }) {
		this.socket = await new Client(server.url).socket();
		const entered = await this.socket.request({ t: 'enter', room, password, name });
		if (entered.t !== 'entered')
			return entered;
		const { sdp, sections } = await this.run({ cmd: 'offer', ...offer });
		const joined = await this.socket.request({ t: 'join', sdp, sections, state: { mic: true, camera: true, screen: false, screen_audio: false, ...state } });
		if (joined.t === 'joined') {
			this.number = joined.number;
			this.answer = joined.sdp;
			await this.run({ cmd: 'answer', sdp: joined.sdp });
		}
		return joined;
	}

	/** Reports until `enough` holds; the last one either way. */
	async until(enough, ms = 20000) {
		const end = Date.now() + ms;
		for (;;) {
			const report = await this.run({ cmd: 'report' });
			if (enough(report) || Date.now() > end)
				return report;
			await new Promise((resolve) => setTimeout(resolve, 200));
		}
	}

	quit() {
		this.socket?.close();
		this.child.stdin.end();
	}
}
