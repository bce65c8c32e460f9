/** A one-time link: the first administrator, an invitation, a new password. */
import { useEffect, useState } from 'preact/hooks';
import { type Link, type Me, rest } from '../../protocol/rest.ts';
import { restText } from '../errors.ts';
import { useScreen } from '../hooks.ts';
import { t } from '../i18n.ts';
import { Button } from '../parts/button.tsx';
import { Alert, Field } from '../parts/field.tsx';
import { Gate, Word } from '../parts/shell.tsx';
import { useForm } from '../rest_hooks.ts';
import { go } from '../router.ts';

export function OneTimeLink({ token, onSignedIn }: { token: string; onSignedIn: (me: Me) => void }) {
	useScreen('setup', t('link.window'));
	const [link, setLink] = useState<Link | null>(null);
	const [bad, setBad] = useState('');
	useEffect(() => {
		if (token)
			rest.linkLook(token).then(setLink, (problem) => setBad(restText(problem)));
		else
			setBad(t('error.bad_link'));
	}, [token]);
	if (bad)
		return (
			<Gate>
				<Word icon="link" title={t('link.bad_title')} text={bad}>
					<Button onClick={() => go('/')}>{t('link.to_signin')}</Button>
				</Word>
			</Gate>
		);
	return <Gate>{link ? <Use token={token} link={link} onSignedIn={onSignedIn} /> : <span class="spinner big" />}</Gate>;
}

function Use({ token, link, onSignedIn }: { token: string; link: Link; onSignedIn: (me: Me) => void }) {
	const [name, setName] = useState('');
	const [display, setDisplay] = useState('');
	const [password, setPassword] = useState('');
	const setup = link.kind === 'setup';
	const { busy, error, submit } = useForm(async () => onSignedIn(await rest.linkUse(token, {
		password, ...(setup ? { name: name.trim().toLowerCase(), display: display.trim() } : {}),
	})));
	const title = setup ? t('link.setup_title') : link.kind === 'invite' ? t('link.invite_title', { name: link.display ?? '' })
		: t('link.reset_title');
	return (
		<form class="stack" onSubmit={submit}>
			<h1>{title}</h1>
			<p class="lead">{setup ? t('link.setup_text') : link.kind === 'invite' ? t('link.invite_text', { name: link.name ?? '' })
				: t('link.reset_text', { name: link.name ?? '' })}</p>
			{setup && (
				<>
					<Field label={t('link.display')} name="display" value={display} onInput={setDisplay} autocomplete="name" maxLength={64}
						autofocus required testId="link-display" />
					<Field label={t('signin.name')} name="username" value={name} onInput={setName} autocomplete="username" hint={t('link.name_hint')}
						pattern="[a-zA-Z0-9._\-]{2,32}" required testId="link-name" />
				</>
			)}
			{!setup && <input type="text" name="username" autoComplete="username" value={link.name ?? ''} readOnly hidden />}
			<Field label={t('link.password')} name="password" type="password" value={password} onInput={setPassword}
				autocomplete="new-password" minLength={10} maxLength={256} hint={t('account.password_hint')} autofocus={!setup} required
				testId="link-password" />
			{error && <Alert>{error}</Alert>}
			<Button type="submit" kind="primary" wide busy={busy} testId="link-submit">
				{setup ? t('link.setup_submit') : t('link.submit')}
			</Button>
		</form>
	);
}
