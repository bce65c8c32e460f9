/** Loudness of a track, and the tone of the speaker test. Analysers only: a worklet would need a script of its own. */
let context: AudioContext | null = null;

function shared(): AudioContext {
	context ??= new AudioContext();
	if (context.state === 'suspended')
		context.resume().catch(() => undefined);
	return context;
}

/** Calls `level` (0…1, about 15 times a second) until stopped. */
export function meter(track: MediaStreamTrack, level: (value: number) => void): () => void {
	let ctx: AudioContext;
	try {
		ctx = shared();
	} catch {
		return () => undefined;
	}
	const source = ctx.createMediaStreamSource(new MediaStream([track]));
	const analyser = ctx.createAnalyser();
	analyser.fftSize = 512;
	source.connect(analyser);
	const samples = new Float32Array(analyser.fftSize);
	let smooth = 0;
	const timer = setInterval(() => {
		analyser.getFloatTimeDomainData(samples);
		let sum = 0;
		for (const s of samples)
			sum += s * s;
		const db = 10 * Math.log10(sum / samples.length + 1e-10);
		// -60 dB is a quiet room, -12 dB is close to the microphone.
		const now = Math.min(1, Math.max(0, (db + 60) / 48));
		smooth = now > smooth ? now : smooth * 0.8 + now * 0.2;
		level(smooth);
	}, 66);
	return () => {
		clearInterval(timer);
		source.disconnect();
	};
}

/** A short rising chord, through the chosen speaker where the browser lets one choose. Resolves when it has sounded. */
export async function playTest(speaker: string): Promise<void> {
	const ctx = shared();
	const out = ctx.createMediaStreamDestination();
	const start = ctx.currentTime + 0.05;
	[523.25, 659.25, 783.99].forEach((hertz, i) => {
		const tone = ctx.createOscillator();
		const gain = ctx.createGain();
		const at = start + i * 0.22;
		tone.frequency.value = hertz;
		gain.gain.setValueAtTime(0, at);
		gain.gain.linearRampToValueAtTime(0.25, at + 0.03);
		gain.gain.exponentialRampToValueAtTime(0.001, at + 0.6);
		tone.connect(gain).connect(out);
		tone.start(at);
		tone.stop(at + 0.65);
	});
	const element = new Audio();
	element.srcObject = out.stream;
	await chooseSpeaker(element, speaker);
	await element.play();
	await new Promise((resolve) => setTimeout(resolve, 1300));
	element.srcObject = null;
}

export function canChooseSpeaker(): boolean {
	return 'setSinkId' in HTMLMediaElement.prototype;
}

/** Falls back to the system's speaker where the chosen one is gone. */
export async function chooseSpeaker(element: HTMLMediaElement, speaker: string): Promise<void> {
	if (canChooseSpeaker() && element.sinkId !== speaker)
		await element.setSinkId(speaker).catch(() => element.setSinkId('').catch(() => undefined));
}
