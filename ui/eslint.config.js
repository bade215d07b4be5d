import jsxA11y from "eslint-plugin-jsx-a11y";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist", "node_modules", "src/api/schema.d.ts"] },
  ...tseslint.configs.strict,
  jsxA11y.flatConfigs.strict,
  reactHooks.configs.flat["recommended-latest"],
  {
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      // These prepare for React's compiler, which the page does not use.
      "react-hooks/preserve-manual-memoization": "off",
      "react-hooks/incompatible-library": "off",
      "no-console": "error",
      eqeqeq: "error",
      // Text from runs and plugins is shown as text, never as HTML.
      "no-restricted-syntax": [
        "error",
        { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: "Show text nodes." },
        { selector: "MemberExpression[property.name=/^(innerHTML|outerHTML)$/]", message: "Show text nodes." },
      ],
      "no-restricted-globals": ["error", "eval"],
    },
  },
  { files: ["tools/**", "tests/**", "*.js"], rules: { "no-console": "off" } },
);
