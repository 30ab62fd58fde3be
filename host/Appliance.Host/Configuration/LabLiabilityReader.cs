using Appliance.Lab.Specification;

namespace Appliance.Host.Configuration;

/// <summary>The liability and the hedges of a lab specification.</summary>
internal static class LabLiabilityReader
{
    private static readonly string[] ContractOnly = ["contract", "right", "strike", "cash", "barrier", "rebate", "notional", "position", "underlying", "weights", "expiryStep"];

    public static LiabilitySpecification Read(ConfigurationObject o, MarketSpecification market, int steps, string file, ConfigurationErrors errors)
    {
        bool list = o.Given("positions"), csv = o.Given("file");
        if (list && csv) o.Error("file", "a file beside positions", "one of the two");
        if (list || csv)
            foreach (string key in ContractOnly)
                if (o.Given(key)) o.Error(key, "a value", $"nothing: {(list ? "positions" : "file")} says what is owed");
        List<ContractSpecification> contracts = [];
        if (list) contracts.AddRange(o.List("positions").Select(p => Contract(p, market, steps)));
        else if (csv) contracts.AddRange(FromCsv(LabSpecificationFile.RelativeTo(file, o.Text("file")), o, market, steps, errors));
        else contracts.Add(Contract(o, market, steps));
        if (list && contracts.Count == 0) o.Error("positions", "an empty list", "at least one contract");
        return new LiabilitySpecification
        {
            Contracts = contracts,
            Premium = o.IsText("premium") ? o.Text("premium") == "model" ? PremiumKind.Model : PremiumKind.BlackScholes : PremiumKind.Amount,
            PremiumAmount = o.IsText("premium") ? 0 : o.Number("premium"),
        };
    }

    private static ContractSpecification Contract(ConfigurationObject o, MarketSpecification market, int steps)
    {
        string kind = o.Text("contract");
        bool barrier = kind.EndsWith("-out", StringComparison.Ordinal) || kind.EndsWith("-in", StringComparison.Ordinal);
        if (kind.Length > 0 && kind != "lookback-floating" && !o.Given("strike")) o.Error("strike", "nothing", $"a number: {kind} needs it");
        if (barrier && !o.Given("barrier")) o.Error("barrier", "nothing", $"a number: {kind} needs it");
        if (!barrier && o.Given("barrier")) o.Error("barrier", "a value", $"nothing: {kind} does not use it");
        if (kind != "cash-digital" && o.Given("cash")) o.Error("cash", "a value", $"nothing: {kind} does not use it");
        if (kind == "basket" && o.Numbers("weights").Count != market.Spots.Count) o.Error("weights", $"{o.Numbers("weights").Count} numbers", $"one for each of the {market.Spots.Count} underlyings");
        if (o.Has("underlying") && o.Integer("underlying") >= market.Spots.Count) o.Error("underlying", $"{o.Integer("underlying")}", $"from 0 to {market.Spots.Count - 1}");
        if (o.Has("expiryStep") && steps > 0 && (o.Integer("expiryStep") == 0 || o.Integer("expiryStep") > steps)) o.Error("expiryStep", $"{o.Integer("expiryStep")}", $"-1, or from 1 to {steps}");
        return new ContractSpecification
        {
            Contract = (ContractKind)Math.Max(0, Array.IndexOf(LabSpecificationKeys.Contracts, kind)), Call = o.Text("right") != "put", Strike = o.Number("strike"), Cash = o.Number("cash"),
            Barrier = o.Number("barrier"), Rebate = o.Number("rebate"), Notional = o.Number("notional"), Position = o.Number("position"), Underlying = (int)o.Integer("underlying"),
            Weights = o.Numbers("weights"), ExpiryStep = (int)o.Integer("expiryStep"),
        };
    }

    /// <summary>Each line becomes the JSON object that its columns spell, and is checked as one.</summary>
    private static IEnumerable<ContractSpecification> FromCsv(string csv, ConfigurationObject o, MarketSpecification market, int steps, ConfigurationErrors errors)
    {
        if (!File.Exists(csv))
        {
            o.Error("file", $"\"{o.Text("file")}\"", "the name of a file that exists, relative to this one");
            yield break;
        }
        string[] lines = File.ReadAllLines(csv);
        string[] columns = lines.Length > 0 ? lines[0].Split(',') : [];
        for (int i = 1; i < lines.Length; i++)
        {
            if (lines[i].Trim() == "") continue;
            string[] cells = lines[i].Split(',');
            if (cells.Length != columns.Length)
            {
                errors.Add(csv, i + 1, $"saw {cells.Length} cells, allowed is {columns.Length}, as in the first line");
                continue;
            }
            var members = columns.Zip(cells).Where(p => p.Second.Trim() != "").Select(p => $"\"{p.First.Trim()}\": " + (IsWord(p.First.Trim()) ? $"\"{p.Second.Trim()}\"" : p.Second.Trim()));
            byte[] json = System.Text.Encoding.UTF8.GetBytes(new string('\n', i) + "{" + string.Join(", ", members) + "}");
            if (ConfigurationObject.Parse(json, csv, LabSpecificationKeys.ContractKeys, errors) is { } row) yield return Contract(row, market, steps);
        }
    }

    private static bool IsWord(string column) => column is "contract" or "right";

    public static List<HedgeSpecification> Hedges(ConfigurationObject root, MarketSpecification market, double maturityYears, string file)
    {
        var hedges = new List<HedgeSpecification>();
        foreach (var h in root.List("hedges"))
        {
            string kind = h.Text("instrument");
            var bounds = h.Numbers("bounds");
            if (h.Has("bounds") && (bounds.Count != 2 || bounds[0] > bounds[1])) h.Error("bounds", $"[{string.Join(", ", bounds)}]", "two numbers, the lower first");
            if (h.Has("underlying") && h.Integer("underlying") >= market.Spots.Count) h.Error("underlying", $"{h.Integer("underlying")}", $"from 0 to {market.Spots.Count - 1}");
            if (kind == "option") LabSpecificationFile.RequireExactly(h, ["strike", "expiryYears"], ["strike", "expiryYears"], "the instrument \"option\"");
            else if (kind != "") LabSpecificationFile.RequireExactly(h, [], ["strike", "expiryYears"], $"the instrument \"{kind}\"");
            if (kind == "option" && h.Has("expiryYears") && h.Number("expiryYears") < maturityYears - 1e-12) h.Error("expiryYears", $"{h.Number("expiryYears")}", $"at least the maturity, {maturityYears}");
            if (kind == "variance-swap" && market.Model is not (MarketModel.Heston or MarketModel.Bates)) h.Error("instrument", "\"variance-swap\"", "heston or bates as the market's model, whose variance it swaps");
            if (kind == "option" && market.Model is not (MarketModel.Gbm or MarketModel.Merton)) h.Error("instrument", "\"option\"", "gbm or merton as the market's model, which price it by a closed form");
            var c = h.Object("costs");
            (double permanent, double transient) = (c.Number("permanent"), c.Number("transient"));
            // A decay with one impact only is that one's.
            if (c.Number("decay") > 0 && transient == 0) (permanent, transient) = (0, permanent);
            if (c.Number("decay") > 0 && transient == 0) c.Error("decay", $"{c.Number("decay")}", "an impact above zero that fades: transient, or permanent where transient is left out");
            string spread = c.Text("spreadFile") is { Length: > 0 } named ? LabSpecificationFile.RelativeTo(file, named) : "";
            if (spread != "" && !File.Exists(spread)) c.Error("spreadFile", $"\"{c.Text("spreadFile")}\"", "the name of a file that exists, relative to this one");
            hedges.Add(new HedgeSpecification
            {
                Instrument = kind switch { "perpetual" => HedgeKind.Perpetual, "variance-swap" => HedgeKind.VarianceSwap, "option" => HedgeKind.Option, _ => HedgeKind.Spot },
                Underlying = (int)h.Integer("underlying"), LowestHolding = bounds.Count == 2 ? bounds[0] : double.NegativeInfinity, HighestHolding = bounds.Count == 2 ? bounds[1] : double.PositiveInfinity,
                FundingRate = h.Number("fundingRate"), Call = h.Text("right") != "put", Strike = h.Number("strike"), ExpiryYears = h.Number("expiryYears"),
                Costs = new CostSpecification
                {
                    Proportional = c.Number("proportional"), Fixed = c.Number("fixed"), Quadratic = c.Number("quadratic"), Permanent = permanent, Transient = transient, Decay = c.Number("decay"),
                    SpreadFile = spread, MinimumTrade = c.Number("minimumTrade"), Lot = c.Number("lot"), LatencySteps = (int)c.Integer("latencySteps"), FillShare = c.Has("fillShare") ? c.Number("fillShare") : 1,
                    SlippageStdDev = c.Number("slippageStdDev"),
                },
            });
        }
        return hedges;
    }
}
