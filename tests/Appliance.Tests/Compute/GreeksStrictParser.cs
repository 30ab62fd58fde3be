using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Appliance.Kernels.Pricing;

namespace Appliance.Tests.Compute;

/// <summary>
/// Decides what a good row of contracts is, a second time: from the documented rules, with strings, dictionaries and a regular expression, sharing no code with the reader under test.
/// </summary>
internal static partial class GreeksStrictParser
{
    public const string Header =
        "id,contract,model,right,spot,strike,expiry,rate,yield,vol,barrier,rebate,cash,extremum,fixings,elapsedFixings,runningAverage,kappa,theta,xi,rho,v0,lambda,jumpMean,jumpStdDev";

    private static readonly string[] Words = ["id", "contract", "model", "right"];
    private static readonly string[] AllColumns = Header.Split(',');

    /// <param name="Line">Number of the line in the file, from one.</param>
    /// <param name="Id">Null where the row is too broken to have one.</param>
    /// <param name="Good">Null when the row is bad.</param>
    public sealed record Row(int Line, string? Id, Terms? Good);

    /// <param name="SolvedFrom">The price behind which the volatility is to be found, or null where the volatility is given.</param>
    public sealed record Terms(OptionContract Contract, MarketModel Model, double? SolvedFrom);

    [GeneratedRegex(@"\A[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\z")]
    private static partial Regex Number();

    /// <summary>The rows of a file, or null when the file is to be refused.</summary>
    public static List<Row>? Parse(byte[] file)
    {
        string text = Encoding.Latin1.GetString(file);
        if (text.StartsWith("\u00ef\u00bb\u00bf", StringComparison.Ordinal)) text = text[3..];
        if (text.StartsWith("\u00ff\u00fe", StringComparison.Ordinal) || text.StartsWith("\u00fe\u00ff", StringComparison.Ordinal)) return null;
        string[] lines = text.Split('\n');
        string[]? header = null;
        var rows = new List<Row>();
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].EndsWith('\r') ? lines[i][..^1] : lines[i];
            if (line.Length == 0) continue;
            string[]? fields = Fields(line);
            if (header is null)
            {
                header = fields;
                if (fields is null || fields.Except(AllColumns).Except(["price"]).Any() || AllColumns.Except(fields).Any() || fields.Distinct().Count() != fields.Length) return null;
                continue;
            }
            string? id = fields is not null && fields.Length == header.Length ? fields[Array.IndexOf(header, "id")] : null;
            rows.Add(new Row(i + 1, id, fields is not null && id is not null ? Read(header.Zip(fields).ToDictionary(p => p.First, p => p.Second)) : null));
        }
        return header is null ? null : rows;
    }

    /// <summary>A finite state machine over characters; null when quotation marks stand where they must not.</summary>
    private static string[]? Fields(string line)
    {
        var fields = new List<string>();
        var field = new StringBuilder();
        char state = 'b';
        foreach (char c in line)
        {
            switch (state, c)
            {
                case ('b', '"'): state = 'q'; break;
                case ('b' or 'u' or 'e', ','): fields.Add(field.ToString()); field.Clear(); state = 'b'; break;
                case ('u' or 'e', '"') when state == 'u': return null;
                case ('b' or 'u', _): field.Append(c); state = 'u'; break;
                case ('q', '"'): state = 'e'; break;
                case ('q', _): field.Append(c); break;
                case ('e', '"'): field.Append('"'); state = 'q'; break;
                default: return null;
            }
        }
        if (state == 'q') return null;
        fields.Add(field.ToString());
        return [.. fields];
    }

    private static Terms? Read(Dictionary<string, string> row)
    {
        if (row["id"].Length == 0 || row["id"].Any(c => c < ' ')) return null;
        var contracts = new Dictionary<string, (ContractKind Kind, string Needed, string Optional)>
        {
            ["european"] = (ContractKind.European, "strike", ""), ["american"] = (ContractKind.American, "strike", ""),
            ["cash-digital"] = (ContractKind.CashDigital, "strike cash", ""), ["asset-digital"] = (ContractKind.AssetDigital, "strike", ""),
            ["down-and-out"] = (ContractKind.DownAndOut, "strike barrier", "rebate extremum"), ["down-and-in"] = (ContractKind.DownAndIn, "strike barrier", "rebate extremum"),
            ["up-and-out"] = (ContractKind.UpAndOut, "strike barrier", "rebate extremum"), ["up-and-in"] = (ContractKind.UpAndIn, "strike barrier", "rebate extremum"),
            ["lookback-fixed"] = (ContractKind.LookbackFixed, "strike", "extremum"), ["lookback-floating"] = (ContractKind.LookbackFloating, "", "extremum"),
            ["asian-geometric"] = (ContractKind.AsianGeometric, "strike", "fixings elapsedFixings runningAverage"),
            ["asian-arithmetic"] = (ContractKind.AsianArithmetic, "strike", "fixings elapsedFixings runningAverage"),
        };
        const string heston = "yield kappa theta xi rho v0 ", jumps = "lambda jumpMean jumpStdDev ";
        var models = new Dictionary<string, (ModelKind Kind, string Needed)>
        {
            ["black-scholes"] = (ModelKind.BlackScholes, "yield vol"), ["black76"] = (ModelKind.Black76, "vol"), ["heston"] = (ModelKind.Heston, heston),
            ["merton"] = (ModelKind.Merton, "yield vol " + jumps), ["bates"] = (ModelKind.Bates, heston + jumps),
        };
        if (!contracts.TryGetValue(row["contract"], out var kind) || !models.TryGetValue(row["model"], out var model) || row["right"] is not ("call" or "put")) return null;

        var value = new Dictionary<string, double>();
        foreach (var (column, text) in row.Where(p => !Words.Contains(p.Key) && p.Value.Length > 0))
        {
            if (!Number().IsMatch(text)) return null;
            double number = double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
            if (!double.IsFinite(number)) return null;
            value[column] = number;
        }
        string[] needed = $"spot expiry rate {kind.Needed} {model.Needed}".Split(' ', StringSplitOptions.RemoveEmptyEntries);
        bool solves = kind.Kind == ContractKind.European && (model.Kind == ModelKind.BlackScholes || model.Kind == ModelKind.Black76) && value.ContainsKey("price") && !value.ContainsKey("vol");
        if (solves) needed = [.. needed.Except(["vol"]), "price"];
        if (needed.Except(value.Keys).Any()) return null;
        string[] used = [.. needed, .. kind.Optional.Split(' ')];
        string[] market = ["yield", "vol", "kappa", "theta", "xi", "rho", "v0", "lambda", "jumpMean", "jumpStdDev"];
        if (value.Any(p => p.Value != 0 && !used.Contains(p.Key) && !market.Contains(p.Key))) return null;
        double Get(string column) => value.GetValueOrDefault(column);
        if (used.Contains("strike") && Get("strike") <= 0) return null;
        if (row["contract"].StartsWith("lookback", StringComparison.Ordinal) && value.ContainsKey("extremum") && Get("extremum") <= 0) return null;
        if (row["contract"].StartsWith("asian", StringComparison.Ordinal))
        {
            double fixings = Get("fixings"), elapsed = Get("elapsedFixings");
            if (value.ContainsKey("fixings") && (fixings < 1 || fixings > 100_000 || fixings % 1 != 0)) return null;
            if (elapsed < 0 || elapsed > fixings || elapsed % 1 != 0 || elapsed == 0 && Get("runningAverage") != 0) return null;
        }
        return new Terms(new OptionContract
        {
            Kind = kind.Kind, Right = row["right"] == "call" ? OptionRight.Call : OptionRight.Put, Spot = Get("spot"), Strike = Get("strike"), Expiry = Get("expiry"), Barrier = Get("barrier"),
            Rebate = Get("rebate"), Cash = Get("cash"), Extremum = Get("extremum"), Fixings = (int)Get("fixings"), ElapsedFixings = (int)Get("elapsedFixings"), RunningAverage = Get("runningAverage"),
        }, new MarketModel
        {
            Kind = model.Kind, Rate = Get("rate"), Yield = model.Kind == ModelKind.Black76 ? 0 : Get("yield"), Volatility = Get("vol"), Kappa = Get("kappa"), Theta = Get("theta"), Xi = Get("xi"), Rho = Get("rho"), V0 = Get("v0"),
            Lambda = Get("lambda"), JumpMean = Get("jumpMean"), JumpStdDev = Get("jumpStdDev"),
        }, solves ? Get("price") : null);
    }
}
