/** The elements that play: one <video> for each picture, one <audio> for each seat. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { chooseSpeaker } from '../../media/sound.ts';
import type { Link } from '../../media/link.ts';
import { t } from '../i18n.ts';
import { Button } from '../parts/button.tsx';
import { prefs } from '../session/prefs.ts';
import { useStore } from '../hooks.ts';

/** A track of our own. */
export function Camera({ track, mirrored }: { track: MediaStreamTrack; mirrored?: boolean }) {
	const ref = useRef<HTMLVideoElement>(null);
	useLayoutEffect(() => {
		if (ref.current)
			ref.current.srcObject = new MediaStream([track]);
	}, [track]);
	return <video ref={ref} class={mirrored ? 'mirrored' : undefined} autoPlay playsInline muted aria-hidden="true" />;
}

interface SeatVideoProps {
	readonly stream: MediaStream;
	readonly shown: boolean;
	/** Called for every picture that reaches the screen: the moment to ask whose it is. */
	readonly onPicture: () => void;
	readonly contain?: boolean;
}

/** What comes out of a seat. Its sound is played by `Sounds`, so that it does not hang on who is on the page. */
export function SeatVideo({ stream, shown, onPicture, contain }: SeatVideoProps) {
	const ref = useRef<HTMLVideoElement>(null);
	const asked = useRef(onPicture);
	asked.current = onPicture;
	useLayoutEffect(() => {
		const video = ref.current;
		if (!video)
			return undefined;
		// Set before the stream: a <video> with sound would wait for the person's permission to play.
		video.muted = true;
		video.srcObject = stream;
		video.play().catch(() => undefined);
		let stopped = false;
		const next = () => {
			if (stopped || !('requestVideoFrameCallback' in video))
				return;
			video.requestVideoFrameCallback(() => {
				asked.current();
				next();
			});
		};
		next();
		return () => {
			stopped = true;
			video.srcObject = null;
		};
	}, [stream]);
	// Safari stops a picture that is not seen, and does not begin again by itself.
	useLayoutEffect(() => {
		if (shown && ref.current?.paused)
			ref.current.play().catch(() => undefined);
	}, [shown]);
	return <video ref={ref} class={contain ? 'contain' : undefined} hidden={!shown} autoPlay playsInline muted aria-hidden="true" />;
}

/** Every seat's sound. Where the browser will not play unasked, one button asks. */
export function Sounds({ link, seats }: { link: Link; seats: readonly number[] }) {
	const { device } = useStore(prefs);
	const [blocked, setBlocked] = useState(false);
	const box = useRef<HTMLDivElement>(null);
	const all = () => [...(box.current?.querySelectorAll('audio') ?? [])];

	useLayoutEffect(() => {
		all().forEach((audio, i) => {
			const seat = link.seats[i];
			if (seat && audio.srcObject !== seat.sound)
				audio.srcObject = seat.sound;
			audio.play().catch((error: unknown) => {
				if (error instanceof DOMException && error.name === 'NotAllowedError')
					setBlocked(true);
			});
		});
	}, [link, link.seats.length]);
	useEffect(() => {
		for (const audio of all())
			chooseSpeaker(audio, device.speaker);
	}, [device.speaker, link, link.seats.length]);

	return (
		<>
			<div ref={box} hidden data-testid="sounds">
				{link.seats.map((seat, i) => <audio key={seat.audio.mid ?? i} data-seat={i} data-number={seats[i] ?? 0} autoPlay />)}
			</div>
			{blocked && (
				<div class="hear">
					<Button kind="primary" icon="sound" onClick={() => {
						for (const audio of all())
							audio.play().catch(() => undefined);
						setBlocked(false);
					}}>{t('meeting.hear')}</Button>
				</div>
			)}
		</>
	);
}
