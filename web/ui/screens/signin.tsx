import { useState } from 'preact/hooks';
import { type Me, type ServerInfo, rest } from '../../protocol/rest.ts';
import { useScreen } from '../hooks.ts';
import { t } from '../i18n.ts';
import { Button } from '../parts/button.tsx';
import { Alert, Field } from '../parts/field.tsx';
import { Gate } from '../parts/shell.tsx';
import { useForm } from '../rest_hooks.ts';

export function SignIn({ server, onSignedIn }: { server: ServerInfo; onSignedIn: (me: Me) => void }) {
	useScreen('signin', t('signin.title'));
	const [name, setName] = useState('');
	const [password, setPassword] = useState('');
	const { busy, error, submit } = useForm(async () => onSignedIn(await rest.login(name.trim().toLowerCase(), password)));
	return (
		<Gate>
			<form class="stack" onSubmit={submit}>
				<h1>{t('signin.title')}</h1>
				{server.setup_needed && <Alert kind="info">{t('signin.setup_needed')}</Alert>}
				<Field label={t('signin.name')} name="username" value={name} onInput={setName} autocomplete="username" autofocus required
					testId="signin-name" />
				<Field label={t('signin.password')} name="password" type="password" value={password} onInput={setPassword}
					autocomplete="current-password" required testId="signin-password" />
				{error && <Alert>{error}</Alert>}
				<Button type="submit" kind="primary" wide busy={busy} testId="signin-submit">{t('signin.submit')}</Button>
				<p class="aside">{server.admin ? t('signin.admin_note') : t('signin.note')}</p>
			</form>
		</Gate>
	);
}
