import type { Product } from "../contract.js";

const product = (
  id: string,
  name: string,
  amount: number,
  stock: number,
  description: string,
): { readonly product: Product; readonly stock: number } => ({
  product: { id, name, description, price: { currency: "EUR", amount } },
  stock,
});

/** What the shop sells on its first day, so that the first minute shows something. */
export const firstProducts = [
  product("p_keyboard", "Mechanical keyboard", 8_900, 40, "Tactile switches, aluminium case, 84 keys."),
  product("p_mouse", "Wireless mouse", 3_900, 60, "Six buttons, two months on one charge."),
  product("p_monitor", "27-inch monitor", 32_900, 15, "Matte 1440p panel, height-adjustable stand."),
  product("p_headphones", "Headphones", 14_900, 25, "Closed back, noise cancelling, foldable."),
  product("p_webcam", "Webcam", 6_900, 30, "1080p with a privacy shutter."),
  product("p_lamp", "Desk lamp", 4_500, 35, "Warm to cold white, dimmable, clamps to the desk."),
  product("p_chair", "Office chair", 27_900, 8, "Mesh back, adjustable in four places."),
  product("p_desk", "Standing desk", 44_900, 5, "Electric, 140 by 70 cm, remembers two heights."),
  product("p_dock", "USB-C dock", 11_900, 20, "Two displays, Ethernet, 90 W charging."),
  product("p_charger", "65 W charger", 3_500, 80, "Three ports, folds flat."),
  product("p_cable", "USB-C cable", 1_200, 200, "Two metres, braided, 100 W."),
  product("p_notebook", "Dotted notebook", 1_450, 120, "A5, 192 numbered pages, lies flat."),
  product("p_pen", "Fountain pen", 2_900, 45, "Steel nib, takes standard cartridges."),
  product("p_mug", "Stoneware mug", 1_600, 90, "350 ml, keeps coffee warm through a long build."),
] as const;
