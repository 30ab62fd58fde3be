using System.Globalization;
using Appliance.Contract;
using Appliance.Flow;
using Appliance.Host.Configuration;
using Appliance.Ingest.Journal;
using Appliance.Risk;

namespace Appliance.Host.Composition;

/// <summary>
/// What a run's hedges are when it begins: the desk file's initialHedge, or what the operator states after asking the venue (`run --opening-position`),
/// or what a journal's header has pinned. A restart recovers no position by itself, so that a run after an earlier one must be told.
/// </summary>
internal static class OpeningPositions
{
    /// <summary>Replaces the desk's openings of each named instrument: the first portfolio that trades it holds all of the position.</summary>
    /// <param name="stated">Each "SYMBOL=QUANTITY", the quantity in 1.0 of the instrument, negative short.</param>
    public static FlowOptions Stated(FlowOptions options, IReadOnlyList<string> stated)
    {
        var portfolios = options.Portfolios.ToArray();
        foreach (var (symbol, quantity) in Parse(stated))
        {
            var instrument = Array.Find(options.Instruments, i => i.Symbol == symbol);
            int first = instrument is null ? -1 : Array.FindIndex(portfolios, p => p.Instrument == instrument.Index);
            if (first < 0)
                throw new BadInputException($"--opening-position: saw the symbol \"{symbol}\", allowed are those that a portfolio trades: {string.Join(", ", Traded(options.Instruments, portfolios.Select(p => p.Instrument)))}");
            decimal units;
            try { units = quantity * instrument!.QuantityUnitsPerOne; }
            catch (OverflowException) { units = decimal.MaxValue; }
            if (units != Math.Truncate(units) || Math.Abs(units) > InstrumentLimits.UnitsMax)
                throw new BadInputException($"--opening-position: saw \"{symbol}={quantity.ToString(CultureInfo.InvariantCulture)}\", allowed is a multiple of 1/{instrument!.QuantityUnitsPerOne} up to {InstrumentLimits.UnitsMax} of them");
            for (int i = 0; i < portfolios.Length; i++)
                if (portfolios[i].Instrument == instrument!.Index) portfolios[i] = portfolios[i] with { OpeningHedgeUnits = i == first ? (long)units : 0 };
        }
        return options with { Portfolios = portfolios };
    }

    /// <summary>The openings that a journal recorded, whatever its desk file says.</summary>
    public static FlowOptions Recorded(FlowOptions options, IReadOnlyList<OpeningPosition> positions)
    {
        var portfolios = options.Portfolios.ToArray();
        foreach (var p in positions)
        {
            if (p.Portfolio >= portfolios.Length || portfolios[p.Portfolio].Instrument != p.Instrument)
                throw new BadInputException($"the journal's header names an opening position of portfolio {p.Portfolio} in instrument {p.Instrument}, which its desk file does not have");
            portfolios[p.Portfolio] = portfolios[p.Portfolio] with { OpeningHedgeUnits = p.QuantityUnits };
        }
        return options with { Portfolios = portfolios };
    }

    /// <summary>Refuses a start after an earlier session until every traded instrument's position is stated.</summary>
    public static void RequireStated(Desk desk, IReadOnlyList<string> stated, string orderLog, int ordersInLog)
    {
        var named = Parse(stated).Select(s => s.Symbol).ToHashSet();
        var missing = Traded(desk.Instruments, desk.Portfolios.Select(p => p.Instrument)).Where(s => !named.Contains(s)).ToList();
        if (missing.Count == 0) return;
        string held = ordersInLog > 0 ? $"it holds {ordersInLog:N0} order requests" : "its requests were settled and emptied";
        throw new BadInputException([
            $"{orderLog}: an earlier run sent orders in this session ({held}), and positions are not recovered: the desk file's initialHedge may no longer be true.",
            $"Ask the venue for positions and see that nothing works there, then state each: {string.Join(' ', missing.Select(s => $"--opening-position {s}=QUANTITY"))}",
        ]);
    }

    private static IEnumerable<string> Traded(InstrumentDefinition[] instruments, IEnumerable<ushort> indices) => indices.Distinct().Select(i => instruments[i].Symbol);

    private static List<(string Symbol, decimal Quantity)> Parse(IReadOnlyList<string> stated)
    {
        var parsed = new List<(string Symbol, decimal Quantity)>();
        foreach (string text in stated)
        {
            int at = text.LastIndexOf('=');
            if (at < 1 || !decimal.TryParse(text.AsSpan(at + 1), NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal quantity))
                throw new BadInputException($"--opening-position: saw \"{text}\", allowed is SYMBOL=QUANTITY, e.g. ACME=-1200");
            if (parsed.Any(p => p.Symbol == text[..at])) throw new BadInputException($"--opening-position: saw \"{text[..at]}\" twice, allowed is each symbol once");
            parsed.Add((text[..at], quantity));
        }
        return parsed;
    }
}
