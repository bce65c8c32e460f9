import { useEffect, useState } from 'preact/hooks';
import { type Me, RestError, type ServerInfo, rest } from '../protocol/rest.ts';
import { restText } from './errors.ts';
import { useScreen, useStore } from './hooks.ts';
import { t } from './i18n.ts';
import { dismiss, notes, spoken } from './notices.ts';
import { Button, IconButton } from './parts/button.tsx';
import { Gate, Office, Word } from './parts/shell.tsx';
import { go, route } from './router.ts';
import { OneTimeLink } from './screens/link.tsx';
import { People } from './screens/people.tsx';
import { Rooms } from './screens/rooms.tsx';
import { SignIn } from './screens/signin.tsx';
import { Visit } from './screens/visit.tsx';
import { prefs } from './session/prefs.ts';

interface Known {
	readonly server: ServerInfo;
	readonly me: Me | null;
}

export function App() {
	useStore(prefs);
	const where = useStore(route);
	const [known, setKnown] = useState<Known | null>(null);
	const [error, setError] = useState('');

	const load = async () => {
		setError('');
		try {
			const [server, me] = await Promise.all([rest.server(), whoAmI()]);
			setKnown({ server, me });
		} catch (problem) {
			setError(restText(problem));
		}
	};
	useEffect(() => {
		load();
	}, []);

	const signedIn = (me: Me) => {
		rest.server().then((server) => setKnown({ server, me }), () => setKnown((now) => (now ? { ...now, me } : now)));
		if (where.to === 'link')
			go('/');
	};
	const signOut = async () => {
		await rest.logout().catch(() => undefined);
		setKnown((now) => (now ? { ...now, me: null } : now));
		go('/');
	};

	let screen;
	if (error)
		screen = <NoServer text={error} onAgain={load} />;
	else if (!known)
		screen = <div class="page-wait"><span class="spinner big" /></div>;
	else
		screen = <Screen known={known} onSignedIn={signedIn} onSignOut={signOut} />;
	return (
		<>
			{screen}
			<Notes />
		</>
	);
}

async function whoAmI(): Promise<Me | null> {
	try {
		return await rest.me();
	} catch (problem) {
		if (problem instanceof RestError && problem.status === 401)
			return null;
		throw problem;
	}
}

function Screen({ known: { server, me }, onSignedIn, onSignOut }: {
	known: Known; onSignedIn: (me: Me) => void; onSignOut: () => void;
}) {
	const where = route.get();
	switch (where.to) {
	case 'link':
		return <OneTimeLink token={where.token} onSignedIn={onSignedIn} />;
	case 'room':
		return <Visit key={where.id} id={where.id} me={me} server={server} onSignedIn={onSignedIn} />;
	case 'nowhere':
		return <Nowhere />;
	default:
		if (!me)
			return <SignIn server={server} onSignedIn={onSignedIn} />;
		return (
			<Office me={me} server={server} onSignOut={onSignOut}>
				{server.admin ? <People me={me} server={server} /> : <Rooms me={me} />}
			</Office>
		);
	}
}

function NoServer({ text, onAgain }: { text: string; onAgain: () => void }) {
	useScreen('error', t('trouble.server_title'));
	return (
		<Gate>
			<Word icon="offline" title={t('trouble.server_title')} text={text}>
				<Button kind="primary" icon="again" onClick={onAgain}>{t('common.again')}</Button>
			</Word>
			<details class="more">
				<summary>{t('trouble.certificate_title')}</summary>
				<p>{t('trouble.certificate_text')}</p>
			</details>
		</Gate>
	);
}

function Nowhere() {
	useScreen('error', t('trouble.nowhere_title'));
	return (
		<Gate>
			<Word icon="link" title={t('trouble.nowhere_title')} text={t('trouble.nowhere_text')}>
				<Button kind="primary" onClick={() => go('/')}>{t('trouble.home')}</Button>
			</Word>
		</Gate>
	);
}

function Notes() {
	const list = useStore(notes);
	const words = useStore(spoken);
	return (
		<>
			<div class="sr" role="status" aria-live="polite" data-testid="live">{words}</div>
			<div class="notes">
				{list.map((note) => (
					<div key={note.id} class="note" data-testid="note">
						<span aria-hidden="true">{note.text}</span>
						{note.act && <Button kind="quiet" onClick={() => {
							dismiss(note.id);
							note.act?.run();
						}}>{note.act.label}</Button>}
						<IconButton icon="close" size={16} name={t('common.dismiss')} onClick={() => dismiss(note.id)} />
					</div>
				))}
			</div>
		</>
	);
}
