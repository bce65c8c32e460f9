/** deflate-raw (RFC 1951), as binary frames carry it. */
type Codec = CompressionStream | DecompressionStream;

async function through(codec: Codec, bytes: Uint8Array<ArrayBuffer>, limit: number): Promise<Uint8Array<ArrayBuffer>> {
	const writer = codec.writable.getWriter();
	// A failure shows on the reading side too; it must not also become an unhandled rejection here.
	writer.write(bytes).catch(() => undefined);
	writer.close().catch(() => undefined);

	const reader = codec.readable.getReader();
	const parts: Uint8Array[] = [];
	let length = 0;
	for (;;) {
		const { done, value } = await reader.read();
		if (done)
			break;
		length += value.byteLength;
		if (length > limit) {
			reader.cancel().catch(() => undefined);
			throw new RangeError('inflates to more than allowed');
		}
		parts.push(value);
	}
	const whole = new Uint8Array(length);
	let at = 0;
	for (const part of parts) {
		whole.set(part, at);
		at += part.byteLength;
	}
	return whole;
}

/** PROTOCOL.md: at most 256 KiB inflated from us; the server may say more (a roster of hundreds). */
const INFLATED_MAX = 4 * 1024 * 1024;

export function deflate(text: string): Promise<Uint8Array<ArrayBuffer>> {
	return through(new CompressionStream('deflate-raw'), new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>, INFLATED_MAX);
}

export async function inflate(bytes: ArrayBuffer): Promise<string> {
	return new TextDecoder().decode(await through(new DecompressionStream('deflate-raw'), new Uint8Array(bytes), INFLATED_MAX));
}
