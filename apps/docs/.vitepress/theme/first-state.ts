interface Todo {
  id: number;
  text: string;
  done: boolean;
}

export interface Demo {
  visitors: number;
  todos: Todo[];
  answer: string[];
}

const TODOS = ["Write the route", "Read the state anywhere", "Close the laptop, open it again"];

/** What the server on the front page begins with. */
export const FIRST: Demo = {
  visitors: 12,
  todos: TODOS.map((text, id) => ({ id, text, done: false })),
  answer: [],
};
