using System.Globalization;
using Appliance.Lab.Specification;

namespace Appliance.Host.Configuration;

/// <summary>The market of a lab specification, with the checks that only show between keys: each model has its own parameters.</summary>
internal static class LabMarketReader
{
    private static readonly string[] ModelKeys =
    [
        "volatility", "v0", "kappa", "theta", "xi", "rho", "lambda", "jumpMean", "jumpStdDev", "upProbability", "upRate", "downRate", "alpha", "beta", "nu", "hurst", "eta", "forwardVariance",
        "up", "probabilities", "regimeVolatilities", "regimeDrifts", "regimeIntensities", "file",
    ];

    private static string[] Wanted(string model) => model switch
    {
        "gbm" => ["volatility"],
        "heston" => ["v0", "kappa", "theta", "xi", "rho"],
        "merton" => ["volatility", "lambda", "jumpMean", "jumpStdDev"],
        "kou" => ["volatility", "lambda", "upProbability", "upRate", "downRate"],
        "bates" => ["v0", "kappa", "theta", "xi", "rho", "lambda", "jumpMean", "jumpStdDev"],
        "sabr" => ["alpha", "beta", "nu", "rho"],
        "rough-bergomi" => ["hurst", "eta", "rho", "forwardVariance"],
        "trinomial" => ["up", "probabilities"],
        "regime-switching" => ["regimeVolatilities", "regimeIntensities"],
        _ => ["file"],
    };

    public static MarketSpecification Read(ConfigurationObject o, ConfigurationObject time, string file)
    {
        string model = o.Text("model");
        if (model != "") RequireOwnKeys(o, model);
        var spots = o.Numbers("spot");
        if (spots.Count > 1) CheckSeveral(o, model, spots.Count);
        if (o.Has("probabilities"))
        {
            var p = o.Numbers("probabilities");
            if (p.Count != 3) o.Error("probabilities", $"{p.Count} numbers", "three: up, middle, down");
            else if (Math.Abs(p.Sum() - 1) > 1e-9) o.Error("probabilities", $"a sum of {p.Sum().ToString("0.######", CultureInfo.InvariantCulture)}", "numbers that sum to 1");
            else if (o.Number("drift") != 0 && o.Number("up") > 1 && time.Has("stepYears")) CheckTreeDrift(o, time.Number("stepYears"));
        }
        if (model == "regime-switching") CheckRegimes(o);
        string data = o.Text("file") is { Length: > 0 } named ? LabSpecificationFile.RelativeTo(file, named) : "";
        if (data != "" && !File.Exists(data)) o.Error("file", $"\"{o.Text("file")}\"", "the name of a file that exists, relative to this one");
        if (o.Has("lambda") && time.Has("stepYears") && o.Number("lambda") * time.Number("stepYears") > 100) o.Error("lambda", "more than 100 jumps a step", "fewer jumps, or smaller steps");
        var volatilities = o.Numbers("volatility");
        if (o.Integer("windowStride") > 0 && model is not ("bootstrap" or "")) o.Error("windowStride", o.Integer("windowStride").ToString(CultureInfo.InvariantCulture), "0: only bootstrap has a history");
        bool own = model is "gbm" or "merton" or "kou";
        return new MarketSpecification
        {
            Model = (MarketModel)Math.Max(0, Array.IndexOf(LabSpecificationKeys.Models, model)), Spots = spots.Count > 0 ? spots : [1], Drift = o.Number("drift"), Rate = o.Number("rate"),
            Volatilities = own && volatilities.Count > 0 ? volatilities : [], HedgeVolatility = volatilities.Count > 0 ? volatilities[0] : 0, Correlation = o.Numbers("correlation"),
            V0 = o.Number("v0"), Kappa = o.Number("kappa"), Theta = o.Number("theta"), Xi = o.Number("xi"), Rho = o.Number("rho"),
            Lambda = o.Number("lambda"), JumpMean = o.Number("jumpMean"), JumpStdDev = o.Number("jumpStdDev"),
            UpProbability = o.Number("upProbability"), UpRate = o.Number("upRate"), DownRate = o.Number("downRate"),
            Alpha = o.Number("alpha"), Beta = o.Number("beta"), Nu = o.Number("nu"), Hurst = o.Number("hurst"), Eta = o.Number("eta"), ForwardVariance = o.Number("forwardVariance"),
            Up = o.Number("up"), Probabilities = o.Numbers("probabilities"), RegimeVolatilities = o.Numbers("regimeVolatilities"), RegimeDrifts = o.Numbers("regimeDrifts"),
            RegimeIntensities = o.Numbers("regimeIntensities"), InitialRegime = (int)o.Integer("initialRegime"), DataFile = data, Column = o.Text("column"),
            BlockLength = o.Number("blockLength"), TrainingShare = o.Number("trainingShare"), WindowStride = (int)o.Integer("windowStride"),
            Draws = o.Text("draws") switch { "antithetic" => DrawScheme.Antithetic, "sobol" => DrawScheme.Sobol, _ => DrawScheme.Random },
        };
    }

    private static void RequireOwnKeys(ConfigurationObject o, string model)
    {
        string[] wanted = Wanted(model);
        // A model without a volatility of its own may be given one for the classical rules.
        string[] group = [.. ModelKeys.Where(k => !(k == "volatility" && !wanted.Contains(k)) && !(k == "regimeDrifts" && model == "regime-switching"))];
        LabSpecificationFile.RequireExactly(o, wanted, group, $"the model \"{model}\"");
    }

    private static void CheckSeveral(ConfigurationObject o, string model, int count)
    {
        if (model != "gbm") o.Error("spot", $"a list of {count}", $"one number: only gbm has several underlyings, not {model}");
        else if (o.Has("volatility") && o.Numbers("volatility").Count != count) o.Error("volatility", $"{o.Numbers("volatility").Count} numbers", $"one for each of the {count} underlyings");
        var c = o.Numbers("correlation");
        if (c.Count != count * count) o.Error("correlation", $"{c.Count} numbers", $"a matrix of {count}×{count}, row by row");
        else
        {
            for (int i = 0; i < count; i++)
                for (int j = 0; j < count; j++)
                    if (i == j ? c[i * count + j] != 1 : c[i * count + j] != c[j * count + i])
                    {
                        o.Error("correlation", $"row {i}, column {j} = {c[i * count + j].ToString(CultureInfo.InvariantCulture)}", "a symmetric matrix with 1 on the diagonal");
                        return;
                    }
            if (!Appliance.Lab.Markets.CorrelationMatrix.IsPositiveSemidefinite(c, count)) o.Error("correlation", "a matrix with a negative eigenvalue", "a positive semidefinite matrix");
        }
    }

    /// <summary>A tree's probabilities say its drift; another beside them would be ignored.</summary>
    private static void CheckTreeDrift(ConfigurationObject o, double stepYears)
    {
        var p = o.Numbers("probabilities");
        double drift = Math.Log(p[0] * o.Number("up") + p[1] + p[2] / o.Number("up")) / stepYears;
        if (Math.Abs(o.Number("drift") - drift) > 1e-6 * Math.Max(1, Math.Abs(drift)))
            o.Error("drift", o.Number("drift").ToString(CultureInfo.InvariantCulture), $"nothing, or {drift.ToString("0.######", CultureInfo.InvariantCulture)}: a tree's up and probabilities say its drift");
    }

    private static void CheckRegimes(ConfigurationObject o)
    {
        int n = o.Numbers("regimeVolatilities").Count;
        if (n < 2) o.Error("regimeVolatilities", $"{n} numbers", "at least two regimes");
        if (o.Numbers("regimeIntensities").Count != n * n) o.Error("regimeIntensities", $"{o.Numbers("regimeIntensities").Count} numbers", $"a matrix of {n}×{n}, row by row");
        if (o.Given("regimeDrifts") && o.Numbers("regimeDrifts").Count != n) o.Error("regimeDrifts", $"{o.Numbers("regimeDrifts").Count} numbers", $"one for each of the {n} regimes");
        if (o.Has("initialRegime") && o.Integer("initialRegime") >= n) o.Error("initialRegime", $"{o.Integer("initialRegime")}", $"from 0 to {n - 1}");
    }
}
