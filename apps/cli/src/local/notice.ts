/** Says something to the person at the keyboard that is neither an error nor the answer: a process ended and was restarted, … */
export type Notice = (text: string) => void;
