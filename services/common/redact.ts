/** `scheme://user:password@host` becomes `scheme://user:***@host`, wherever it stands in a text. */
export function redactCredentials(text: string): string {
  return text.replace(passwords, '$1***@').replace(parameters, '$1***');
}

/** Up to the last `@` before the host ends: a password may hold one that nobody encoded. */
const passwords = /([a-z][a-z0-9+.-]{0,30}:\/\/[^\s/:@"'\\]{0,200}:)[^\s/"'\\]{1,1000}@/gi;

const parameters = /([?&](?:password|token|secret|secretaccesskey|accesskeyid)=)[^\s&"'\\]{1,1000}/gi;
