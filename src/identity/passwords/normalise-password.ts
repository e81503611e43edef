/** The form in which passwords are counted, compared and hashed: keyboards differ in how they compose the same letters (NIST SP 800-63B §5.1.1.2). */
export const normalisePassword = (raw: string): string => raw.normalize('NFKC');
