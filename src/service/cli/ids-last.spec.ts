import { idsLast } from './ids-last.js';

const ID = '-NlxyDRQzDJpNeWOOHP9J15hNJRefv7AfH0mo7lAjT0';

it.each([
  [`key revoke ${ID}`, `key revoke -- ${ID}`],
  [`session end ${ID} --json`, `session end --json -- ${ID}`],
  [`token revoke -`, 'token revoke -'],
  [`client create --id ${ID}`, `client create --id ${ID}`],
  [`key revoke -- ${ID}`, `key revoke -- ${ID}`],
  ['client create --access-token-lifetime 60', 'client create --access-token-lifetime 60'],
  ['key list -h', 'key list -h'],
])('%s is read as %s', (line, read) => {
  expect(idsLast(line.split(' ')).join(' ')).toBe(read);
});
