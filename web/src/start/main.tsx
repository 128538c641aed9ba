import "../look/base.css";
import "./start.css";
import { createRoot } from "react-dom/client";
import { speakAsBefore } from "../words/words";
import { StartPage } from "./StartPage";

speakAsBefore();
const root = document.getElementById("root");
if (root) createRoot(root).render(<StartPage />);
