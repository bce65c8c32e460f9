/** What getStats tells of our own connection, as figures between two looks. */
export interface Figures {
	readonly rttMs: number | null;
	readonly jitterMs: number | null;
	/** 0…1 of the packets of the last look. */
	readonly lossIn: number | null;
	readonly lossOut: number | null;
	readonly kbitIn: number;
	readonly kbitOut: number;
	readonly sent: { readonly width: number; readonly height: number; readonly fps: number } | null;
	readonly protocol: string;
}

export type Grade = 'good' | 'fair' | 'poor' | 'unknown';

/** Thresholds after ITU-T G.114 (150 ms one way) and what Opus and VP8 with resending hide. */
export function gradeOf(figures: Figures | null): Grade {
	if (!figures || figures.rttMs === null)
		return 'unknown';
	const loss = Math.max(figures.lossIn ?? 0, figures.lossOut ?? 0);
	if (figures.rttMs > 450 || loss > 0.1)
		return 'poor';
	if (figures.rttMs > 200 || loss > 0.03 || (figures.jitterMs ?? 0) > 60)
		return 'fair';
	return 'good';
}

interface Totals {
	at: number;
	received: number;
	lost: number;
	bytesIn: number;
	bytesOut: number;
}

export class QualityWatch {
	#pc: RTCPeerConnection | null = null;
	#before: Totals | null = null;

	async look(pc: RTCPeerConnection): Promise<Figures | null> {
		if (pc !== this.#pc) {
			this.#pc = pc;
			this.#before = null;
		}
		const stats = await pc.getStats().catch(() => null);
		if (!stats)
			return null;
		const now: Totals = { at: performance.now(), received: 0, lost: 0, bytesIn: 0, bytesOut: 0 };
		let rttMs: number | null = null;
		let jitterMs: number | null = null;
		let lossOut: number | null = null;
		let sent: Figures['sent'] = null;
		let pair: RTCIceCandidatePairStats | null = null;
		let selected = '';
		stats.forEach((row: RTCStats) => {
			if (row.type === 'inbound-rtp') {
				const r = row as RTCInboundRtpStreamStats;
				now.received += r.packetsReceived ?? 0;
				now.lost += Math.max(0, r.packetsLost ?? 0);
				now.bytesIn += r.bytesReceived ?? 0;
				if (r.jitter !== undefined && (r.packetsReceived ?? 0) > 0)
					jitterMs = Math.max(jitterMs ?? 0, r.jitter * 1000);
			} else if (row.type === 'outbound-rtp') {
				const r = row as RTCOutboundRtpStreamStats;
				now.bytesOut += r.bytesSent ?? 0;
				if (r.kind === 'video' && (r.frameWidth ?? 0) > (sent?.width ?? 0) && (r.framesPerSecond ?? 0) > 0)
					sent = { width: r.frameWidth ?? 0, height: r.frameHeight ?? 0, fps: Math.round(r.framesPerSecond ?? 0) };
			} else if (row.type === 'remote-inbound-rtp') {
				const r = row as RTCStats & { fractionLost?: number };
				if (r.fractionLost !== undefined)
					lossOut = Math.max(lossOut ?? 0, r.fractionLost);
			} else if (row.type === 'transport') {
				selected = (row as RTCTransportStats).selectedCandidatePairId ?? '';
			}
		});
		stats.forEach((row: RTCStats) => {
			if (row.type !== 'candidate-pair')
				return;
			const r = row as RTCIceCandidatePairStats;
			if (selected ? r.id === selected : r.nominated === true && r.state === 'succeeded')
				pair = r;
		});
		// TypeScript does not see assignments made in the callbacks above.
		const chosen = pair as RTCIceCandidatePairStats | null;
		if (chosen?.currentRoundTripTime !== undefined)
			rttMs = chosen.currentRoundTripTime * 1000;
		const local = chosen ? (stats.get(chosen.localCandidateId) as { protocol?: string } | undefined) : undefined;

		const before = this.#before;
		this.#before = now;
		const seconds = before ? Math.max(0.1, (now.at - before.at) / 1000) : 1;
		const received = before ? now.received - before.received : 0;
		const lost = before ? Math.max(0, now.lost - before.lost) : 0;
		return {
			rttMs, jitterMs, lossOut, sent,
			lossIn: received + lost > 0 ? lost / (received + lost) : null,
			kbitIn: before ? ((now.bytesIn - before.bytesIn) * 8) / 1000 / seconds : 0,
			kbitOut: before ? ((now.bytesOut - before.bytesOut) * 8) / 1000 / seconds : 0,
			protocol: local?.protocol ?? '',
		};
	}
}
