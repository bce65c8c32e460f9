import { useState } from 'preact/hooks';
import { type Me, type Person, type Role, type ServerInfo, rest } from '../../protocol/rest.ts';
import { tint, initials } from '../../state/text.ts';
import { useScreen } from '../hooks.ts';
import { dateOf, t } from '../i18n.ts';
import { Button, CopyBox } from '../parts/button.tsx';
import { Confirm, Dialog } from '../parts/dialog.tsx';
import { Alert, Choice, Field } from '../parts/field.tsx';
import { Item, Pop } from '../parts/menu.tsx';
import { useForm, useList } from '../rest_hooks.ts';

type Open =
	| { readonly what: 'add' }
	| { readonly what: 'link'; readonly name: string; readonly link: string }
	| { readonly what: 'reset' | 'disable'; readonly person: Person };

const roles = () => [
	{ value: 'member' as Role, label: t('role.member') },
	{ value: 'host' as Role, label: t('role.host') },
	{ value: 'admin' as Role, label: t('role.admin') },
];

export function People({ me, server }: { me: Me; server: ServerInfo }) {
	useScreen('people', t('nav.people'));
	const { list: people, error, load, act } = useList(() => rest.people());
	const [open, setOpen] = useState<Open | null>(null);
	return (
		<>
			<div class="page-head">
				<div>
					<h1>{t('nav.people')}</h1>
					<p>{t('people.lead')}</p>
				</div>
				<Button kind="primary" icon="invite" testId="person-add" onClick={() => setOpen({ what: 'add' })}>{t('people.add')}</Button>
			</div>
			{server.main_url && (
				<Alert kind="info">{t('people.rooms_elsewhere')} <a href={server.main_url}>{server.main_url}</a></Alert>
			)}
			{error && <Alert>{error}</Alert>}
			{!people && !error && <span class="spinner big" />}
			{people && (
				<ul class="cards tight">
					{people.map((person) => (
						<li key={person.id} class={`card person${person.disabled ? ' closed' : ''}`} data-testid="person" data-name={person.name}>
							<span class={`face tint-${tint(Number(person.id) || person.name.length, 8)}`} aria-hidden="true">{initials(person.display)}</span>
							<div class="card-main">
								<h2>{person.display}{person.name === me.name && <span class="badge">{t('people.you')}</span>}</h2>
								<ul class="facts">
									<li>{person.name}</li>
									{person.disabled && <li class="bad">{t('people.disabled')}</li>}
									{person.pending && <li class="wait">{t('people.pending')}</li>}
									{!person.pending && person.last_seen ? <li>{t('people.seen', { when: dateOf(person.last_seen) })}</li> : null}
								</ul>
							</div>
							<div class="card-acts">
								<Choice<Role> label={t('people.role_of', { name: person.display })} hideLabel value={person.role} options={roles()}
									onChange={(role) => act(() => rest.personChange(person.id, { role }))} />
								<Pop name={t('people.more', { name: person.display })} icon="dots" menu testId="person-more">
									{(close) => (
										<>
											<Item icon="key" testId="person-reset" onClick={() => {
												close();
												setOpen({ what: 'reset', person });
											}}>{t('people.reset')}</Item>
											<Item icon={person.disabled ? 'power' : 'ban'} danger={!person.disabled} testId="person-disable" onClick={() => {
												close();
												if (person.disabled)
													act(() => rest.personChange(person.id, { disabled: false }));
												else
													setOpen({ what: 'disable', person });
											}}>{person.disabled ? t('people.enable') : t('people.disable')}</Item>
										</>
									)}
								</Pop>
							</div>
						</li>
					))}
				</ul>
			)}
			{open?.what === 'add' && (
				<AddPerson onClose={() => setOpen(null)} onAdded={(name, link) => {
					load();
					setOpen({ what: 'link', name, link });
				}} />
			)}
			{open?.what === 'link' && (
				<Dialog title={t('people.link_title', { name: open.name })} onClose={() => setOpen(null)}>
					<p>{t('people.link_text')}</p>
					<CopyBox text={open.link} label={t('people.link')} secret />
					<footer><Button kind="primary" onClick={() => setOpen(null)}>{t('common.done')}</Button></footer>
				</Dialog>
			)}
			{open?.what === 'reset' && (
				<Confirm title={t('people.reset')} text={t('people.reset_text', { name: open.person.display })} yes={t('people.reset_yes')}
					onClose={() => setOpen(null)} onYes={() => act(async () => {
						const { link } = await rest.personReset(open.person.id);
						setOpen({ what: 'link', name: open.person.display, link });
					})} />
			)}
			{open?.what === 'disable' && (
				<Confirm title={t('people.disable')} text={t('people.disable_text', { name: open.person.display })} yes={t('people.disable')}
					onClose={() => setOpen(null)} onYes={() => act(() => rest.personChange(open.person.id, { disabled: true }))} />
			)}
		</>
	);
}

function AddPerson({ onClose, onAdded }: { onClose: () => void; onAdded: (name: string, link: string) => void }) {
	const [name, setName] = useState('');
	const [display, setDisplay] = useState('');
	const [role, setRole] = useState<Role>('member');
	const { busy, error, submit } = useForm(async () => {
		const { link } = await rest.personAdd({ name: name.trim().toLowerCase(), display: display.trim(), role });
		onAdded(display.trim(), link);
	});
	return (
		<Dialog title={t('people.add')} onClose={onClose}>
			<form class="stack" onSubmit={submit}>
				<Field label={t('link.display')} name="display" value={display} onInput={setDisplay} maxLength={64} autofocus required
					testId="person-display" />
				<Field label={t('signin.name')} name="name" value={name} onInput={setName} hint={t('link.name_hint')} pattern="[a-zA-Z0-9._\-]{2,32}"
					required testId="person-name" />
				<Choice<Role> label={t('people.role')} value={role} options={roles()} onChange={setRole} testId="person-role" />
				<p class="hint">{t(role === 'admin' ? 'role.admin_hint' : role === 'host' ? 'role.host_hint' : 'role.member_hint')}</p>
				{error && <Alert>{error}</Alert>}
				<footer>
					<Button onClick={onClose}>{t('common.cancel')}</Button>
					<Button type="submit" kind="primary" busy={busy} testId="person-submit">{t('people.add_submit')}</Button>
				</footer>
			</form>
		</Dialog>
	);
}
