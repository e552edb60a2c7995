/** The form in which addresses are kept and compared: people write the same address in different letter cases. */
export const normalEmail = (email: string): string => email.trim().toLowerCase();
