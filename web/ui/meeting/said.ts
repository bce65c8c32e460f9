import type { Said } from '../../state/announce.ts';
import { t } from '../i18n.ts';

export function sentence(said: Said): string {
	return t(said.key, 'name' in said ? { name: said.name } : {});
}
