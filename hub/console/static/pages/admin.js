// Users and the audit trail; for administrators.
import { html, reactive } from '../parts/html.js';
import { get, patch, post } from '../api.js';
import { AsOf, useAsked } from '../parts/asked.js';
import { DataTable } from '../parts/table.js';
import { dateTime } from '../parts/time.js';
import { say, t } from '../i18n/words.js';
import { session } from '../state/session.js';

const ROLES = ['viewer', 'operator', 'engineer', 'admin'];
const RoleOptions = () => ROLES.map((role) => html`<option value=${role}>${t(`role.${role}`)}</option>`);
const change = (value) => (value === null || value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value));

const NewUser = {
  props: ['done'],
  setup(props) {
    const form = reactive({ name: '', role: 'operator', password: '', problem: '', busy: false });
    const send = async (event) => {
      event.preventDefault();
      Object.assign(form, { busy: true, problem: '' });
      try {
        await post('users', { name: form.name.trim(), role: form.role, password: form.password });
        Object.assign(form, { name: '', password: '' });
        props.done();
      } catch (error) {
        form.problem = say(error.text) || t('problem.unreachable');
      } finally {
        form.busy = false;
      }
    };
    const field = (name, type) => html`<input name=${name} type=${type} required value=${form[name]} placeholder=${t(`entrance.${name}`)} aria-label=${t(`entrance.${name}`)} autocomplete=${type === 'password' ? 'new-password' : 'off'} onInput=${(event) => { form[name] = event.target.value; }} />`;
    return () => html`<form class="new-user" onSubmit=${send}>${field('name', 'text')}${field('password', 'password')}
      <select value=${form.role} aria-label=${t('admin.role')} onChange=${(event) => { form.role = event.target.value; }}><${RoleOptions} /></select>
      <button disabled=${form.busy}>${t('admin.create')}</button>${form.problem ? html`<span class="problem" role="alert">${form.problem}</span>` : null}</form>`;
  },
};

export const AdminPage = {
  setup() {
    const users = useAsked(async () => (await get('users')).users);
    const audit = useAsked(async () => (await get('audit', { limit: 200 })).rows, 30);
    const problem = reactive({ words: '' });
    const alter = async (user, body) => {
      try {
        await patch(`users/${encodeURIComponent(user.name)}`, body);
        problem.words = '';
      } catch (error) {
        problem.words = say(error.text) || t('problem.unreachable');
      }
      await users.again();
    };
    const userColumns = () => [
      { key: 'name', title: t('entrance.name'), text: (user) => user.name },
      { key: 'role', title: t('admin.role'), text: (user) => t(`role.${user.role}`), cell: (user) => html`<select value=${user.role} disabled=${user.name === session.user.name} aria-label=${t('admin.role')} onChange=${(event) => alter(user, { role: event.target.value })}><${RoleOptions} /></select>` },
      { key: 'disabled', title: t('device.state'), text: (user) => t(user.disabled ? 'admin.off' : 'admin.on'), cell: (user) => html`<button class="quiet-button" disabled=${user.name === session.user.name} onClick=${() => alter(user, { disabled: !user.disabled })}>${t(user.disabled ? 'admin.off' : 'admin.on')}</button>` },
    ];
    const auditColumns = () => [
      { key: 'time', title: t('gateway.when'), width: '12.5em', text: (row) => dateTime(row.time_us) },
      { key: 'actor', title: t('admin.actor'), width: '9em', text: (row) => row.actor ?? '' },
      { key: 'act', title: t('admin.act'), width: '14em', text: (row) => (t(`verb.${row.verb}`) === `verb.${row.verb}` ? row.verb : t(`verb.${row.verb}`)) },
      { key: 'object', title: t('admin.object'), text: (row) => row.object ?? '' },
      { key: 'text', title: t('admin.text'), width: 'minmax(0, 2fr)', text: (row) => [row.reason, change(row.before), change(row.after)].filter(Boolean).join(' → ') },
    ];
    return () => html`<div class="stack admin"><div class="page-head"><h1>${t('admin.users')}</h1><${AsOf} asked=${users} /></div>
      <${NewUser} done=${users.again} />${problem.words ? html`<p class="problem" role="alert">${problem.words}</p>` : null}
      <div class="users"><${DataTable} bare=${true} columns=${userColumns()} rows=${users.answer ?? []} keyOf=${(user) => user.name} name="users" rowHeight=${40} /></div>
      <div class="page-head"><h1>${t('admin.audit')}</h1><${AsOf} asked=${audit} /></div>
      <${DataTable} columns=${auditColumns()} rows=${audit.answer ?? []} keyOf=${(row) => row.id} name="audit" /></div>`;
  },
};
