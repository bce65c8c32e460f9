import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { t } from '../i18n.ts';
import { say } from '../notices.ts';
import { Icon, type IconName } from './icon.tsx';

interface ButtonProps {
	readonly children: ComponentChildren;
	readonly icon?: IconName;
	readonly kind?: 'primary' | 'plain' | 'danger' | 'quiet';
	readonly type?: 'button' | 'submit';
	readonly busy?: boolean;
	readonly disabled?: boolean;
	readonly wide?: boolean;
	readonly onClick?: () => void;
	readonly testId?: string;
}

export function Button({ children, icon, kind = 'plain', type = 'button', busy, disabled, wide, onClick, testId }: ButtonProps) {
	return (
		<button type={type} class={`button ${kind}${wide ? ' wide' : ''}`} disabled={disabled === true} aria-busy={busy ? 'true' : undefined}
			onClick={busy ? undefined : onClick} data-testid={testId}>
			{busy ? <span class="spinner" aria-hidden="true" /> : icon && <Icon name={icon} size={18} />}
			<span>{children}</span>
		</button>
	);
}

interface IconButtonProps {
	readonly icon: IconName;
	readonly name: string;
	readonly onClick?: () => void;
	readonly pressed?: boolean;
	/** What pressing does, where the name is that of the thing and `pressed` says its state. */
	readonly hint?: string;
	readonly kind?: string;
	readonly size?: number;
	readonly testId?: string;
}

/** A control that shows only an icon: its name is spoken, and shown when it is pointed at. */
export function IconButton({ icon, name, onClick, pressed, hint, kind = '', size = 20, testId }: IconButtonProps) {
	return (
		<button type="button" class={`icon-button ${kind}`} aria-label={name} title={hint ?? name} aria-pressed={pressed} onClick={onClick}
			data-testid={testId}>
			<Icon name={icon} size={size} />
		</button>
	);
}

export async function copyText(text: string, done: string): Promise<void> {
	try {
		await navigator.clipboard.writeText(text);
		say(done);
	} catch {
		say(t('error.copy_failed'));
	}
}

/** A text that one can read and copy. */
export function CopyBox({ text, label, secret }: { text: string; label: string; secret?: boolean }) {
	const [done, setDone] = useState(false);
	return (
		<div class={`copy-box${secret ? ' secret' : ''}`}>
			<output aria-label={label} data-testid="copy-text">{text}</output>
			<Button icon={done ? 'check' : 'copy'} onClick={() => copyText(text, t('common.copied')).then(() => setDone(true))}>
				{done ? t('common.copied') : t('common.copy')}
			</Button>
		</div>
	);
}
