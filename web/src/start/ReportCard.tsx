import { MapPin, Ruler } from "lucide-react";
import { memo } from "react";
import { onThisOrigin } from "../hub/address";
import type { Report } from "../hub/operations";
import { Age } from "../look/Age";
import { StateChip } from "../look/StateChip";
import { say, useLanguage } from "../words/words";
import type { Row } from "./feed";

const THUMBNAIL = 88;

/** One report as the list shows it. */
export const ReportCard = memo(function ReportCard({ row }: { row: Row }) {
  const language = useLanguage();
  if (row.gone) {
    return (
      <article className="report gone" tabIndex={-1}>
        <p className="soft">{say("reports.gone")}</p>
      </article>
    );
  }
  const { report } = row;
  return (
    <article className="report" tabIndex={-1} data-report={report.code} aria-labelledby={`title-${report.id}`}>
      <div className="report-head">
        <h3 id={`title-${report.id}`}>{language === "en" ? report.category.nameEn : report.category.nameId}</h3>
        <Age at={report.reportedAt} />
      </div>
      <div className="report-body">
        <div className="report-words">
          {report.title && <p className="report-title">{report.title}</p>}
          <p className="report-text">{report.text}</p>
          <div className="report-chips">
            <StateChip kind="status" value={report.status} />
            {report.floodArea && report.floodArea.state !== "NONE" && (
              <StateChip kind="flood" value={report.floodArea.state} />
            )}
            {report.flood?.depthCm != null && (
              <span className="chip tone-other">
                <Ruler size={16} aria-hidden="true" />
                {say("flood.depth", { depth: report.flood.depthCm })}
              </span>
            )}
          </div>
        </div>
        <Photos report={report} />
      </div>
      <p className="report-foot soft">
        <span className="report-place">
          <MapPin size={15} aria-hidden="true" />
          {placeOf(report)}
        </span>
        <span>{say("reports.via", { source: report.source.name })}</span>
        <span className="report-code">
          <span className="visually-hidden">{say("reports.code")} </span>
          {report.code}
        </span>
      </p>
    </article>
  );
});

function placeOf({ area, locationPrecision }: Report): string {
  if (!area) return say("reports.place.unknown");
  const place = area.parent ? `${area.name}, ${area.parent.name}` : area.name;
  return locationPrecision === "FUZZED" ? `${say("reports.place.fuzzed")} ${place}` : place;
}

function Photos({ report }: { report: Report }) {
  const [first] = report.photos;
  if (!first) return null;
  return (
    <a className="photo" href={onThisOrigin(first.url)} target="_blank" rel="noreferrer">
      <img
        src={onThisOrigin(first.thumbnailUrl)}
        width={THUMBNAIL}
        height={THUMBNAIL}
        loading="lazy"
        decoding="async"
        alt={first.caption ?? say("reports.photo", { number: 1, code: report.code })}
      />
      {report.photos.length > 1 && (
        <span className="photo-more" aria-hidden="true">
          +{report.photos.length - 1}
        </span>
      )}
    </a>
  );
}
