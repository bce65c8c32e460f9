// What the tests put into every page before it loads: a register of the page's connections, honest microphones (a steady
// tone must not be taken for noise), and the eyes and ears that read a person's colour code and tone from what was decoded.
// `probe` is sent to the browser as text, so it uses nothing from outside itself.

import { COLOURS, WIDTH, HEIGHT, FPS, fields, tone_hz } from "./media.mjs";

function probe(alphabet, camera, shared) {
	if (window.hopkin_probe)
		return;
	const connections = [];
	const Real = window.RTCPeerConnection;
	window.RTCPeerConnection = new Proxy(Real, {
		construct(target, args, self) {
			const connection = Reflect.construct(target, args, self);
			connections.push(connection);
			return connection;
		},
	});

	const devices = navigator.mediaDevices;
	if (devices) {
		const real = devices.getUserMedia.bind(devices);
		devices.getUserMedia = async (wanted) => remember(await opened(wanted));
		const opened = async (wanted) => {
			if (camera)
				return drawn(wanted, await real(wanted));
			const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
			const audio = wanted?.audio ? { ...(wanted.audio === true ? {} : wanted.audio), ...plain } : wanted?.audio;
			return real({ ...wanted, audio });
		};
	}

	const opened_tracks = [];

	function remember(stream) {
		opened_tracks.push(...stream.getTracks());
		return stream;
	}

	/** How many of the devices' tracks that were ever opened are still on: whether a camera's light would shine. */
	function live_devices() {
		return opened_tracks.filter((track) => track.readyState === "live").length;
	}

	// A shared screen has a code and a tone of its own, drawn: there is no picker to answer in a test.
	if (devices?.getDisplayMedia) {
		devices.getDisplayMedia = async (wanted) => {
			const stream = new MediaStream([drawn_camera(shared)]);
			if (wanted?.audio)
				stream.addTrack(drawn_hum(shared.hz));
			return stream;
		};
	}

	let sound;
	const context = () => sound ??= new AudioContext({ sampleRate: 48000 });

	// A browser that cannot take files as devices draws its camera and hums its microphone. Its own fake devices stay in use
	// beneath: Firefox shows all its addresses to a page that captures, and only then.
	function drawn(wanted, beneath) {
		const stream = new MediaStream();
		const kinds = { video: beneath.getVideoTracks()[0], audio: beneath.getAudioTracks()[0] };
		if (wanted?.video)
			stream.addTrack(drawn_camera(camera));
		if (wanted?.audio)
			stream.addTrack(drawn_hum(camera.hz));
		for (const track of stream.getTracks()) {
			const stop = track.stop.bind(track);
			track.stop = () => { kinds[track.kind]?.stop(); stop(); };
		}
		return stream;
	}

	function drawn_hum(hz) {
		const hum = context().createOscillator();
		const level = context().createGain();
		const out = context().createMediaStreamDestination();
		hum.frequency.value = hz;
		level.gain.value = 0.27;
		hum.connect(level).connect(out);
		hum.start();
		context().resume();
		return out.stream.getAudioTracks()[0];
	}

	function drawn_camera(picture) {
		const canvas = document.createElement("canvas");
		canvas.width = picture.width;
		canvas.height = picture.height;
		const pen = canvas.getContext("2d");
		let n = 0;
		const draw = () => {
			picture.fields.forEach((digit, index) => {
				pen.fillStyle = `rgb(${alphabet[digit].join(",")})`;
				pen.fillRect((index & 1) * canvas.width / 2, (index >> 1) * canvas.height / 2, canvas.width / 2, canvas.height / 2);
			});
			pen.fillStyle = "white";
			pen.fillRect(n++ * 10 % (canvas.width - 40), canvas.height / 2 - 10, 40, 20);
		};
		draw();
		const timer = setInterval(draw, 1000 / picture.fps);
		const track = canvas.captureStream(picture.fps).getVideoTracks()[0];
		const stop = track.stop.bind(track);
		track.stop = () => { clearInterval(timer); stop(); };
		return track;
	}

	const eye = document.createElement("canvas");
	eye.width = 64;
	eye.height = 36;

	/** The number that the picture of `video` spells, or null when it spells none. */
	function read_code(video) {
		if (!video || !video.videoWidth || video.readyState < 2)
			return null;
		const pen = eye.getContext("2d", { willReadFrequently: true });
		pen.clearRect(0, 0, eye.width, eye.height); // what another video left must not be read as this one's
		pen.drawImage(video, 0, 0, eye.width, eye.height);
		const digits = [[16, 9], [48, 9], [16, 27], [48, 27]].map(([x, y]) => {
			const pixels = pen.getImageData(x - 3, y - 3, 6, 6).data;
			const mean = [0, 0, 0];
			for (let i = 0; i < pixels.length; i++)
				if (i % 4 < 3)
					mean[i % 4] += pixels[i] / 36;
			const far = alphabet.map((colour) => Math.hypot(...colour.map((v, i) => v - mean[i])));
			const best = far.indexOf(Math.min(...far));
			return far[best] < 110 ? best : -1;
		});
		if (digits.includes(-1) || digits[3] !== (digits[0] + 2 * digits[1] + 3 * digits[2] + 1) % 4)
			return null;
		return digits[0] * 16 + digits[1] * 4 + digits[2];
	}

	const ears = new WeakMap();

	/** The loudest frequency in `track` now, in Hz, or 0 when it is silent. */
	async function read_tone(track) {
		if (!track || track.readyState !== "live")
			return 0;
		await context().resume();
		let ear = ears.get(track);
		if (!ear) {
			ear = context().createAnalyser();
			ear.fftSize = 16384;
			ear.smoothingTimeConstant = 0;
			ear.source = context().createMediaStreamSource(new MediaStream([track]));
			ear.source.connect(ear);
			ears.set(track, ear);
			await new Promise((done) => setTimeout(done, 400)); // one window of samples
		}
		const levels = new Float32Array(ear.frequencyBinCount);
		ear.getFloatFrequencyData(levels);
		let best = 4;
		for (let i = 5; i < levels.length; i++)
			if (levels[i] > levels[best])
				best = i;
		return levels[best] < -70 ? 0 : best * context().sampleRate / ear.fftSize;
	}

	/** The sound of everything that plays inside `element`. */
	function sound_of(element) {
		const inside = element.matches("video,audio") ? [element] : [...element.querySelectorAll("video,audio")];
		for (const media of inside)
			for (const track of media.srcObject?.getAudioTracks?.() ?? [])
				if (track.readyState === "live" && !track.muted)
					return track;
		return null;
	}

	async function received() {
		let packets = 0, bytes = 0, frames = 0;
		for (const connection of connections) {
			for (const report of (await connection.getStats()).values()) {
				if (report.type !== "inbound-rtp")
					continue;
				packets += report.packetsReceived ?? 0;
				bytes += report.bytesReceived ?? 0;
				frames += report.framesDecoded ?? 0;
			}
		}
		return { connections: connections.length, packets, bytes, frames };
	}

	window.hopkin_probe = { connections, read_code, read_tone, sound_of, received, live_devices };
}

/** The code of the screen that person `code` shares. */
export function screen_code(code) {
	return code + 32;
}

function drawing(code) {
	return { fields: fields(code), hz: tone_hz(code), width: WIDTH, height: HEIGHT, fps: FPS };
}

/** The text of the probe for a page of person `code`; `drawn` where the browser cannot take files as devices. */
export function probe_source(code, drawn = false) {
	const words = [COLOURS, drawn ? drawing(code) : null, drawing(screen_code(code))];
	return `(${probe})(${words.map((word) => JSON.stringify(word)).join(", ")})`;
}

/** Which person hums at `hz`, or null. */
export function tone_code(hz) {
	const code = Math.round((hz - tone_hz(0)) / (tone_hz(1) - tone_hz(0)));
	return hz > 0 && code >= 0 && Math.abs(tone_hz(code) - hz) < 12 ? code : null;
}
