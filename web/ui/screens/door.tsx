/** Before anything of the room is told: the password, and a guest's name. */
import { useEffect, useState } from 'preact/hooks';
import type { Me, ServerInfo } from '../../protocol/rest.ts';
import type { Meeting } from '../../state/meeting.ts';
import { errorText } from '../errors.ts';
import { useScreen } from '../hooks.ts';
import { t } from '../i18n.ts';
import { Button } from '../parts/button.tsx';
import { Alert, Field } from '../parts/field.tsx';
import { Gate } from '../parts/shell.tsx';
import type { Session } from '../session/session.ts';
import { prefs } from '../session/prefs.ts';
import { SignIn } from './signin.tsx';

interface DoorProps {
	readonly session: Session;
	readonly meeting: Extract<Meeting, { at: 'door' }>;
	readonly me: Me | null;
	readonly server: ServerInfo;
	readonly onSignedIn: (me: Me) => void;
}

export function Door({ session, meeting, me, server, onSignedIn }: DoorProps) {
	useScreen('before', t('door.title'));
	const [password, setPassword] = useState('');
	const [name, setName] = useState(prefs.get().name);
	const [signIn, setSignIn] = useState(false);
	const wait = useCountdown(meeting.problem?.retryAfter ?? 0, meeting.problem);
	if (signIn && !me)
		return <SignIn server={server} onSignedIn={onSignedIn} />;

	const { problem, busy } = meeting;
	const submit = (event: Event) => {
		event.preventDefault();
		if (!busy && wait === 0)
			session.knock(password, me ? '' : name);
	};
	return (
		<Gate>
			<form class="stack" onSubmit={submit}>
				<h1>{t('door.title')}</h1>
				<p class="lead">{me ? t('door.lead_member', { name: me.display }) : t('door.lead')}</p>
				{!me && (
					<Field label={t('door.name')} name="name" value={name} onInput={setName} autocomplete="name" maxLength={64} required
						autofocus={name === ''} hint={t('door.name_hint')} testId="join-name" />
				)}
				<Field label={t('door.password')} name="room-password" type="password" value={password} onInput={setPassword} required
					autocomplete="off" autofocus={me !== null || name !== ''} testId="join-password" />
				{problem && <Alert>{errorText(problem.code, problem.retryAfter)}</Alert>}
				<Button type="submit" kind="primary" wide busy={busy} disabled={wait > 0} testId="enter">
					{wait > 0 ? `${t('door.submit')} (${wait})` : t('door.submit')}
				</Button>
				{!me && (
					<p class="aside">
						{t('door.have_account')} <button type="button" class="textual" onClick={() => setSignIn(true)}>{t('signin.submit')}</button>
					</p>
				)}
				{server.banner && <Alert kind="warning">{server.banner}</Alert>}
				{server.contact && <p class="aside">{t('ready.contact', { contact: server.contact })}</p>}
			</form>
		</Gate>
	);
}

/** Seconds left of a wait that began when `since` changed. */
function useCountdown(seconds: number, since: unknown): number {
	const [left, setLeft] = useState(seconds);
	useEffect(() => {
		setLeft(seconds);
		if (seconds <= 0)
			return undefined;
		const timer = setInterval(() => setLeft((n) => Math.max(0, n - 1)), 1000);
		return () => clearInterval(timer);
	}, [since]);
	return left;
}
