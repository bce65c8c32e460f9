/** Frames of the screens outside a meeting. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Me, ServerInfo } from '../../protocol/rest.ts';
import { t } from '../i18n.ts';
import { go, route } from '../router.ts';
import { Account } from '../screens/account.tsx';
import { Drum, Mark } from './drum.tsx';
import { Icon } from './icon.tsx';
import { Item, Pop } from './menu.tsx';
import { LanguageSwitch, ThemeButton } from './settings.tsx';

export function Wordmark() {
	return <span class="wordmark"><Mark />Hopkin</span>;
}

/** One thing to do: a form beside the drum. */
export function Gate({ children }: { children: ComponentChildren }) {
	return (
		<div class="gate">
			<aside>
				<Drum />
				<Wordmark />
				<p>{t('gate.motto')}</p>
			</aside>
			<div class="gate-main">
				<div class="gate-tools"><LanguageSwitch /><ThemeButton /></div>
				<main>{children}</main>
			</div>
		</div>
	);
}

interface OfficeProps {
	readonly me: Me;
	readonly server: ServerInfo;
	readonly onSignOut: () => void;
	readonly children: ComponentChildren;
}

/** The screens of somebody who is signed in. */
export function Office({ me, server, onSignOut, children }: OfficeProps) {
	const [account, setAccount] = useState(false);
	const here = route.get().to;
	const tab = (to: string, at: string, label: string, icon: 'door' | 'people') => (
		<a href={at} aria-current={here === to || server.admin ? 'page' : undefined} onClick={(event) => {
			event.preventDefault();
			go(at);
		}}><Icon name={icon} size={18} /><span>{label}</span></a>
	);
	return (
		<div class="office">
			<header class="office-bar">
				<Wordmark />
				<nav aria-label={t('nav.name')}>
					{!server.admin && tab('home', '/', t('nav.rooms'), 'door')}
					{server.admin && tab('people', '/people', t('nav.people'), 'people')}
					{!server.admin && me.role === 'admin' && server.admin_url && (
						<a href={`${server.admin_url.replace(/\/$/, '')}/people`}><Icon name="people" size={18} /><span>{t('nav.people')}</span></a>
					)}
				</nav>
				<div class="office-tools">
					<LanguageSwitch />
					<Pop name={t('nav.account', { name: me.display })} icon="account" menu testId="account-menu">
						{(close) => (
							<>
								<div class="pop-head"><strong>{me.display}</strong><span>{me.name}</span></div>
								<Item icon="settings" testId="account" onClick={() => {
									close();
									setAccount(true);
								}}>{t('nav.settings')}</Item>
								<Item icon="logout" testId="sign-out" onClick={() => {
									close();
									onSignOut();
								}}>{t('nav.sign_out')}</Item>
							</>
						)}
					</Pop>
				</div>
			</header>
			<main>{children}</main>
			{account && <Account me={me} onClose={() => setAccount(false)} />}
		</div>
	);
}

/** A screen that says one thing. */
export function Word({ icon, title, text, children }: {
	icon: Parameters<typeof Icon>[0]['name']; title: string; text: string; children?: ComponentChildren;
}) {
	return (
		<div class="word">
			<span class="word-icon"><Icon name={icon} size={28} /></span>
			<h1>{title}</h1>
			<p>{text}</p>
			{children && <div class="word-acts">{children}</div>}
		</div>
	);
}

