export const SEATS = ["north", "east", "south", "west"] as const;
export type Seat = (typeof SEATS)[number];

export interface Table {
  played: { seat: Seat; card: string }[];
  hands: Record<Seat, string[]>;
}

export function deal(): Table {
  const cards = ["♠", "♥", "♦", "♣"].flatMap((suit) => "A23456789TJQK".split("").map((rank) => `${rank}${suit}`));
  for (let left = cards.length; left > 1; left--) {
    const other = Math.floor(Math.random() * left);
    [cards[left - 1], cards[other]] = [cards[other] as string, cards[left - 1] as string];
  }
  const hand = (seat: number): string[] => cards.slice(seat * 13, seat * 13 + 13);
  return { played: [], hands: { north: hand(0), east: hand(1), south: hand(2), west: hand(3) } };
}

/** The table after a card is played; `undefined` where the seat does not hold it. */
export function play({ played, hands }: Table, seat: Seat, card: string): Table | undefined {
  if (!hands[seat].includes(card)) return undefined;
  return {
    played: [...played, { seat, card }],
    hands: { ...hands, [seat]: hands[seat].filter((other) => other !== card) },
  };
}
