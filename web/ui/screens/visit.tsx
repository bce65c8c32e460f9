/** One visit to a room: which of its screens is shown. */
import { useEffect, useState } from 'preact/hooks';
import { unsupported } from '../../media/support.ts';
import { type Me, type ServerInfo, rest } from '../../protocol/rest.ts';
import { errorText } from '../errors.ts';
import { useScreen, useStore } from '../hooks.ts';
import { t } from '../i18n.ts';
import { MeetingScreen } from '../meeting/meeting.tsx';
import { sentence } from '../meeting/said.ts';
import { say, speak } from '../notices.ts';
import { Gate, Word } from '../parts/shell.tsx';
import { Session } from '../session/session.ts';
import { Door } from './door.tsx';
import { Over } from './over.tsx';
import { Ready } from './ready.tsx';

interface VisitProps {
	readonly id: string;
	readonly me: Me | null;
	readonly server: ServerInfo;
	readonly onSignedIn: (me: Me) => void;
}

export function Visit(props: VisitProps) {
	const why = unsupported();
	return why ? <TooOld insecure={why === 'insecure'} /> : <Supported {...props} />;
}

function Supported(props: VisitProps) {
	const [turn, setTurn] = useState(0);
	return <OneVisit key={turn} {...props} onAgain={() => setTurn(turn + 1)} />;
}

function OneVisit({ id, me, server, onSignedIn, onAgain }: VisitProps & { onAgain: () => void }) {
	const [session, setSession] = useState<Session | null>(null);
	useEffect(() => {
		const mine = new Session(id);
		mine.onNotice = (notice) => {
			if (!('said' in notice))
				say(errorText(notice.code));
			else if (isQuiet(notice.said.key, mine))
				speak(sentence(notice.said));
			else
				say(sentence(notice.said));
		};
		setSession(mine);
		return () => mine.dispose();
	}, [id]);
	return session ? <Screens session={session} id={id} me={me} server={server} onSignedIn={onSignedIn} onAgain={onAgain} /> : null;
}

/** Microphones go on and off all the time, and in a large meeting people come and go all the time: told, but not shown. */
function isQuiet(key: string, session: Session): boolean {
	const now = session.meeting.get();
	const many = now.at === 'inside' && now.inside.roster.length > 12;
	return /^say\.mic/.test(key) || (many && /^say\.(arrived|left|lost|back)$/.test(key));
}

function Screens({ session, id, me, server, onSignedIn, onAgain }: VisitProps & { session: Session; onAgain: () => void }) {
	const meeting = useStore(session.meeting);
	const [asked, setAsked] = useState(false);
	// The owner of a room needs no password; whether one is, the server says only to the owner.
	useEffect(() => {
		if (!me || meeting.at !== 'door') {
			setAsked(true);
			return;
		}
		rest.room(id).then(() => session.knock(undefined, ''), () => undefined).finally(() => setAsked(true));
	}, [me?.name]);

	switch (meeting.at) {
	case 'returning':
		return <Returning />;
	case 'door':
		return asked ? <Door session={session} meeting={meeting} me={me} server={server} onSignedIn={onSignedIn} /> : <Returning />;
	case 'ready':
		return <Ready session={session} meeting={meeting} />;
	case 'inside':
		return <MeetingScreen session={session} room={meeting.room} inside={meeting.inside} id={id} />;
	case 'over':
		return <Over how={meeting.how} title={meeting.title} me={me} onAgain={onAgain} />;
	}
}

function Returning() {
	useScreen('before', t('visit.returning'));
	return <div class="page-wait"><span class="spinner big" /><p>{t('visit.returning')}</p></div>;
}

function TooOld({ insecure }: { insecure: boolean }) {
	useScreen('error', t('trouble.old_title'));
	return (
		<Gate>
			{insecure ? <Word icon="alert" title={t('trouble.insecure_title')} text={t('trouble.insecure_text')} />
				: <Word icon="alert" title={t('trouble.old_title')} text={t('trouble.old_text')} />}
		</Gate>
	);
}
