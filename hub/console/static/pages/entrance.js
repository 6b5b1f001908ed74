// The door: sign-in, or on the very first run the account of the first administrator.
import { html, reactive } from '../parts/html.js';
import { Choices } from '../parts/choices.js';
import { Help } from '../parts/help.js';
import { say, t } from '../i18n/words.js';
import { firstRun, session, signIn } from '../state/session.js';

function Field({ name, type, form, hint, autocomplete }) {
  return html`<label><span>${t(`entrance.${name}`)}</span>
    <input name=${name} type=${type ?? 'text'} required value=${form[name]} autocomplete=${autocomplete ?? 'off'} spellcheck="false"
      onInput=${(event) => { form[name] = event.target.value; }} />${hint ? html`<small>${hint}</small>` : null}</label>`;
}

export const EntrancePage = {
  setup() {
    const form = reactive({ token: '', name: '', password: '', again: '', busy: false, problem: '' });
    const send = async (event) => {
      event.preventDefault();
      if (session.firstRun && form.password !== form.again) {
        form.problem = t('entrance.different');
        return;
      }
      form.busy = true;
      form.problem = '';
      try {
        await (session.firstRun ? firstRun(form.token.trim(), form.name.trim(), form.password) : signIn(form.name.trim(), form.password));
        Object.assign(form, { token: '', password: '', again: '' });
      } catch (error) {
        form.problem = say(error.text) || t('problem.unreachable');
      } finally {
        form.busy = false;
      }
    };
    const fields = () => (session.firstRun ? html`
      <p class="faint">${t('entrance.firstRunWhy')}</p>
      <${Field} name="token" form=${form} hint=${t('entrance.tokenHint')} />
      <${Field} name="name" form=${form} autocomplete="username" />
      <${Field} name="password" type="password" form=${form} hint=${t('entrance.passwordHint')} autocomplete="new-password" />
      <${Field} name="again" type="password" form=${form} autocomplete="new-password" />` : html`
      <${Field} name="name" form=${form} autocomplete="username" />
      <${Field} name="password" type="password" form=${form} autocomplete="current-password" />`);
    return () => html`<div class="entrance">
      <form onSubmit=${send}>
        <h1>${t('product')}<span>${say(session.campus?.name)}</span></h1>
        ${!session.known ? html`<p class=${session.failed ? 'problem' : 'faint'} role="status">${session.failed ? t('problem.unreachable') : t('entrance.asking')}</p>` : html`
          <h2>${session.firstRun ? t('entrance.firstRun') : t('entrance.signIn')}</h2>
          ${fields()}
          ${form.problem ? html`<p class="problem" role="alert">${form.problem}</p>` : null}
          <button class="primary" disabled=${form.busy}>${session.firstRun ? t('entrance.create') : t('entrance.signIn')}</button>`}
      </form>
      <div class="entrance-foot"><${Choices} /><span class="faint">${session.version}</span></div>
      <${Help} />
    </div>`;
  },
};
