using System.Text;
using Appliance.Host.Configuration;

namespace Appliance.Tests.Lab;

/// <summary>Bad specifications: each is answered with the file, the line, the key, what was seen and what is allowed, and all mistakes of a file at once.</summary>
public sealed class SpecBadTests
{
    private static readonly string[] _good =
    [
        "{",
        "  \"market\": { \"model\": \"gbm\", \"spot\": 1, \"volatility\": 0.2 },",
        "  \"time\": { \"steps\": 30, \"stepYears\": 0.0027 },",
        "  \"liability\": { \"strike\": 1 },",
        "  \"hedges\": [\"spot\"],",
        "  \"objective\": { \"kind\": \"entropic\", \"riskAversion\": 10 },",
        "  \"training\": { \"seed\": 1 }",
        "}",
    ];

    private static string[] Answers(params string[] lines)
    {
        var errors = new ConfigurationErrors();
        LabSpecificationFile.Parse(Encoding.UTF8.GetBytes(string.Join('\n', lines)), "lab.json", errors);
        return [.. errors.Lines];
    }

    private static string[] With(int line, string text)
    {
        string[] lines = [.. _good];
        lines[line - 1] = text;
        return lines;
    }

    [Fact]
    public void MistakesThatShowLaterGetTheLineOfTheirKeyToo()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllLines(file, _good);
            Assert.Equal(
                [$"{file}:4: liability.premium: no price", $"{file}:5: hedges[0].costs: unknown", $"{file}:1: policy.hidden: too many", $"{file}: there are no paths: none", "another: market.spot: no"],
                KeyLines.Of(file, $"{file}: liability.premium: no price", $"{file}: hedges[0].costs: unknown", $"{file}: policy.hidden: too many", $"{file}: there are no paths: none", "another: market.spot: no"));
        }
        finally { File.Delete(file); }
    }

    [Fact]
    public void ATreesDriftIsThatOfItsProbabilities()
    {
        string[] Tree(string drift) => With(2, $"  \"market\": {{ \"model\": \"trinomial\", \"spot\": 1, \"up\": 1.05, \"probabilities\": [0.25, 0.5, 0.25]{drift} }},");
        Assert.Equal([], Answers(Tree("")));
        Assert.Equal([], Answers(Tree(", \"drift\": 0")));
        Assert.Equal([], Answers(Tree($", \"drift\": {(Math.Log(0.25 * 1.05 + 0.5 + 0.25 / 1.05) / 0.0027).ToString(System.Globalization.CultureInfo.InvariantCulture)}")));
        Assert.Contains(Answers(Tree(", \"drift\": 0.05")), a => a.StartsWith("lab.json:2: market.drift: saw 0.05, allowed is nothing, or 0.22", StringComparison.Ordinal));
    }

    [Fact]
    public void TheUnspoiltFileIsGood() => Assert.Equal([], Answers(_good));

    [Theory]
    [InlineData(2, "  \"market\": { \"model\": \"gbm\", \"spot\": 1, \"volatility\": 0.2 ", "not valid JSON")]
    [InlineData(2, "  \"market\": { \"model\": \"gmb\", \"spot\": 1, \"volatility\": 0.2 },", "market.model: saw \"gmb\", allowed is one of \"gbm\"")]
    [InlineData(2, "  \"market\": { \"model\": \"gbm\", \"spot\": -1, \"volatility\": 0.2 },", "market.spot: saw -1, allowed is a number")]
    [InlineData(2, "  \"market\": { \"model\": \"gbm\", \"spot\": 1, \"volatilty\": 0.2 },", "market.volatilty: no such key; did you mean \"volatility\"?")]
    [InlineData(2, "  \"market\": { \"model\": \"gbm\", \"spot\": 1 },", "market.volatility: saw nothing, allowed is a value: the model \"gbm\" needs it")]
    [InlineData(2, "  \"market\": { \"model\": \"gbm\", \"spot\": 1, \"volatility\": 0.2, \"kappa\": 1 },", "market.kappa: saw a value, allowed is nothing: the model \"gbm\" does not use it")]
    [InlineData(2, "  \"market\": { \"model\": \"gbm\", \"spot\": [1, 2], \"volatility\": [0.2, 0.3], \"correlation\": [1, 2] },", "market.correlation: saw a list of 2, allowed is a list of numbers from -1 to 1")]
    [InlineData(2, "  \"market\": { \"model\": \"gbm\", \"spot\": [1, 2], \"volatility\": [0.2, 0.3], \"correlation\": [1, 0.5, 0.4, 1] },", "market.correlation: saw row 0, column 1 = 0.5, allowed is a symmetric matrix with 1 on the diagonal")]
    [InlineData(2, "  \"market\": { \"model\": \"gbm\", \"spot\": [1, 2, 3], \"volatility\": [0.2, 0.3, 0.4], \"correlation\": [1, -0.9, -0.9, -0.9, 1, -0.9, -0.9, -0.9, 1] },", "market.correlation: saw a matrix with a negative eigenvalue")]
    [InlineData(2, "  \"market\": { \"model\": \"trinomial\", \"spot\": 1, \"up\": 1.05, \"probabilities\": [0.25, 0.5, 0.3] },", "market.probabilities: saw a sum of 1.05, allowed is numbers that sum to 1")]
    [InlineData(2, "  \"market\": { \"model\": \"bootstrap\", \"spot\": 1, \"file\": \"nowhere.csv\" },", "market.file: saw \"nowhere.csv\", allowed is the name of a file that exists")]
    [InlineData(2, "  \"market\": { \"model\": \"merton\", \"spot\": 1, \"volatility\": 0.2, \"lambda\": 9999, \"jumpMean\": 0, \"jumpStdDev\": 0.1, \"spot\": 1 },", "market.spot: given twice")]
    [InlineData(3, "  \"time\": { \"steps\": 30 },", "time.stepYears: is missing; it must be a number")]
    [InlineData(3, "  \"time\": { \"steps\": 30.5, \"stepYears\": 0.0027 },", "time.steps: saw 30.5, allowed is a whole number from 1 to 100000")]
    [InlineData(4, "  \"liability\": { },", "liability.strike: saw nothing, allowed is a number: european needs it")]
    [InlineData(4, "  \"liability\": { \"contract\": \"up-and-out\", \"strike\": 1 },", "liability.barrier: saw nothing, allowed is a number: up-and-out needs it")]
    [InlineData(4, "  \"liability\": { \"strike\": 1, \"premium\": \"free\" },", "liability.premium: saw \"free\", allowed is a number")]
    [InlineData(4, "  \"liability\": { \"strike\": 1, \"expiryStep\": 31 },", "liability.expiryStep: saw 31, allowed is -1, or from 1 to 30")]
    [InlineData(4, "  \"liability\": { \"strike\": 1, \"positions\": [{ \"strike\": 2 }] },", "liability.strike: saw a value, allowed is nothing: positions says what is owed")]
    [InlineData(5, "  \"hedges\": [],", "hedges: saw a list of 0, allowed is a list of objects or texts, at least 1")]
    [InlineData(5, "  \"hedges\": [\"variance-swap\"],", "hedges[0].instrument: saw \"variance-swap\", allowed is heston or bates")]
    [InlineData(5, "  \"hedges\": [{ \"instrument\": \"spot\", \"bounds\": [1, 0] }],", "hedges[0].bounds: saw [1, 0], allowed is two numbers, the lower first")]
    [InlineData(5, "  \"hedges\": [{ \"instrument\": \"spot\", \"costs\": { \"proportional\": 1.5 } }],", "hedges[0].costs.proportional: saw 1.5, allowed is a number from 0 to 1")]
    [InlineData(5, "  \"hedges\": [{ \"instrument\": \"spot\", \"costs\": { \"decay\": 5 } }],", "hedges[0].costs.decay: saw 5, allowed is an impact above zero that fades")]
    [InlineData(6, "  \"objective\": { \"kind\": \"entropic\" },", "objective.riskAversion: saw nothing, allowed is a value: the objective \"entropic\" needs it")]
    [InlineData(6, "  \"objective\": { \"kind\": \"cvar\", \"level\": 0.9, \"riskAversion\": 1 },", "objective.riskAversion: saw a value, allowed is nothing: the objective \"cvar\" does not use it, it uses level")]
    [InlineData(7, "  \"training\": { \"seed\": 1000003 }", "evaluation.seed: saw 1000003, allowed is another seed than training.seed")]
    [InlineData(7, "  \"evaluation\": { \"walkForward\": 4 }", "evaluation.walkForward: saw 4, allowed is 0, or a market of model bootstrap with windowStride above 0")]
    [InlineData(7, "  \"evaluation\": { \"walkForwardHistory\": 4 }", "evaluation.walkForwardHistory: saw 4, allowed is 0, or walkForward above 0")]
    [InlineData(7, "  \"training\": { \"paths\": 100, \"batch\": 200 }", "training.batch: saw 200, allowed is at most training.paths, 100")]
    [InlineData(7, "  \"training\": { \"importance\": { \"shifts\": [11] } }", "training.importance.shifts: saw a list of 1, allowed is a list of numbers from -10 to 10")]
    [InlineData(7, "  \"training\": { \"importance\": { \"plainShare\": 0 } }", "training.importance.plainShare: saw 0, allowed is a number from 0.01 to 0.99")]
    [InlineData(7, "  \"training\": { \"importance\": { \"plainShare\": 0.5 } }", "training.importance.shifts: saw nothing, allowed is a list with a shift")]
    [InlineData(7, "  \"training\": { \"importance\": { \"shifts\": [2], \"jumpFactor\": 3 } }", "training.importance.jumpFactor: saw a value, allowed is 1: only merton, kou and bates")]
    [InlineData(2, "  \"market\": { \"model\": \"trinomial\", \"spot\": 1, \"up\": 1.05, \"probabilities\": [0.25, 0.5, 0.25] }, \"evaluation\": { \"importance\": { \"volatilityFactor\": 2 } },", "evaluation.importance.volatilityFactor: saw a value, allowed is 1: a tree")]
    [InlineData(7, "  \"evaluation\": { \"importance\": { \"shift\": 2 } }", "evaluation.importance.shift: no such key; did you mean \"shifts\"?")]
    [InlineData(6, "  \"objective\": { \"kind\": \"std-dev\" }, \"evaluation\": { \"importance\": { \"shifts\": [2] } },", "evaluation.importance.shifts: saw a value, allowed is no importance sampling under this objective")]
    [InlineData(7, "  \"policy\": { \"features\": [\"moneynes\"] }", "policy.features: saw \"moneynes\", allowed is one of mid")]
    [InlineData(7, "  \"baselines\": [\"delta\", \"delta\"]", "baselines[1].name: saw \"delta\", allowed is a name that no other strategy of the report has")]
    [InlineData(7, "  \"initialHolding\": [1, 2]", "initialHolding: saw 2 numbers, allowed is one number, or one for each of the 1 hedges")]
    public void ABadOneIsAnswered(int line, string text, string answer)
    {
        string[] answers = Answers(With(line, text));
        // A mistake between keys that are both left to their defaults has the line of what holds them; a broken bracket shows at the next line.
        Assert.Contains(answers, a => a.StartsWith("lab.json:", StringComparison.Ordinal) && a.Contains(answer, StringComparison.Ordinal));
        if (!answer.StartsWith("not valid", StringComparison.Ordinal) && !answer.StartsWith("evaluation.seed", StringComparison.Ordinal))
            Assert.Contains(answers, a => a.StartsWith($"lab.json:{line}: ", StringComparison.Ordinal));
    }

    [Fact]
    public void AllMistakesOfAFileAreAnsweredAtOnce()
    {
        string[] lines = With(2, "  \"market\": { \"model\": \"heston\", \"spot\": 0, \"v0\": 0.04 },");
        lines[2] = "  \"time\": { \"steps\": 0 },";
        lines[5] = "  \"objective\": { \"kind\": \"cvar\" },";
        string[] answers = Answers(lines);
        foreach (string key in new[] { "market.spot", "market.kappa", "market.theta", "market.xi", "market.rho", "time.steps", "time.stepYears", "objective.level" })
            Assert.Contains(answers, a => a.Contains(key + ":", StringComparison.Ordinal));
    }

    [Fact]
    public void AFileOfPositionsIsCheckedLineByLine()
    {
        string folder = Directory.CreateTempSubdirectory("positions-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "book.csv"), "contract,right,strike,position\neuropean,call,100,-2\neuropean,putt,90,1\ncash-digital,call,,-1\n");
            var errors = new ConfigurationErrors();
            string file = Path.Combine(folder, "lab.json");
            LabSpecificationFile.Parse(Encoding.UTF8.GetBytes(string.Join('\n', With(4, "  \"liability\": { \"file\": \"book.csv\" },"))), file, errors);
            string[] answers = [.. errors.Lines];
            Assert.Equal(2, answers.Length);
            Assert.Contains(answers, a => a.Contains("book.csv:3: right: saw \"putt\", allowed is one of \"call\", \"put\"", StringComparison.Ordinal));
            Assert.Contains(answers, a => a.Contains("book.csv:4: strike: saw nothing, allowed is a number: cash-digital needs it", StringComparison.Ordinal));
        }
        finally { Directory.Delete(folder, recursive: true); }
    }
}
