import type { Session } from '../session/session.ts';

/** Closes a panel from within; the focus goes to what opens it. */
export function closePanel(session: Session, panel: 'people' | 'chat'): void {
	session.step({ do: 'panel', panel });
	const opener = document.querySelector<HTMLElement>(`[data-testid=${panel}-open]`) ?? document.querySelector<HTMLElement>('[data-testid=more]');
	opener?.focus();
}
