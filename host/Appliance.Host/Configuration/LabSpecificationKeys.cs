namespace Appliance.Host.Configuration;

/// <summary>The keys of a lab specification (desk/lab/*.json): what the checks, the schema and the reference are made from.</summary>
internal static class LabSpecificationKeys
{
    internal static readonly string[] Models = ["gbm", "heston", "merton", "kou", "bates", "sabr", "rough-bergomi", "trinomial", "regime-switching", "bootstrap", "paths"];
    internal static readonly string[] Contracts =
    [
        "european", "cash-digital", "asset-digital", "down-and-out", "down-and-in", "up-and-out", "up-and-in", "lookback-fixed", "lookback-floating", "asian-geometric", "asian-arithmetic", "basket",
    ];
    internal static readonly string[] ClassicalRules = ["none", "delta", "delta-threshold", "whalley-wilmott", "leland", "minimum-variance-delta", "hodges-neuberger"];
    internal static readonly string[] Architectures = ["mlp", "ntb", "lstm", "gru", .. ClassicalRules];
    internal static readonly string[] Objectives = ["std-dev", "mean-variance", "mean-std", "entropic", "cvar", "mean-cvar", "power", "expectile", "mean-variance-cvar"];

    // Names by which the field knows the same things: a reader of a paper is understood.
    private static readonly (string, string)[] _modelNames = [("blackscholes", "gbm"), ("geometricbrownianmotion", "gbm"), ("rbergomi", "rough-bergomi"), ("trinomialtree", "trinomial"), ("blockbootstrap", "bootstrap"), ("history", "bootstrap"), ("file", "paths")];
    private static readonly (string, string)[] _contractNames = [("vanilla", "european"), ("digital", "cash-digital")];
    private static readonly (string, string)[] _ruleNames =
    [
        ("nohedge", "none"), ("deltahedge", "delta"), ("deltawiththreshold", "delta-threshold"), ("bartlett", "minimum-variance-delta"), ("minimumvariance", "minimum-variance-delta"),
        ("notransactionband", "ntb"), ("feedforward", "mlp"),
    ];
    private static readonly (string, string)[] _objectiveNames = [("std", "std-dev"), ("meanstddev", "mean-std"), ("expectedshortfall", "cvar")];

    private static readonly Section Importance = new("importance",
        new("shifts", SettingType.NumberList, "One tilted market each: where the first Brownian motion ends in the mean (on a tree: the price).") { Default = "[]", Min = -10, Max = 10, Unit = "standard deviations over the whole life" },
        new("volatilityFactor", SettingType.Number, "By how much that motion moves more widely in the tilted markets; a tree has none.") { Default = "1", Min = 0.5, Max = 3 },
        new("jumpFactor", SettingType.Number, "merton, kou, bates: jumps of the tilted markets come so many times as often.") { Default = "1", Min = 0.01, Max = 100 },
        new("plainShare", SettingType.Number, "Share of paths from the market itself; no path counts more than its inverse.") { Default = "0.5", Min = 0.01, Max = 0.99 });

    private static readonly Section Market = new("market",
        new("model", SettingType.Choice, "How the underlying moves.") { Required = true, Choices = Models, OtherNames = _modelNames },
        new("spot", SettingType.NumberOrList, "Initial price; a list for several correlated underlyings.") { Required = true, Min = 1e-9, Max = 1e12, Unit = "quote currency" },
        new("drift", SettingType.Number, "Continuously compounded drift of the price: E S_T = S_0 exp(drift·T).") { Default = "0", Min = -10, Max = 10, Unit = "a year" },
        new("rate", SettingType.Number, "Continuously compounded rate at which cash accrues.") { Default = "0", Min = -1, Max = 1, Unit = "a year" },
        new("volatility", SettingType.NumberOrList, "gbm, merton, kou: volatility; a list for several underlyings. Elsewhere: the volatility at which classical rules and the Black-Scholes premium are computed.") { Min = 0, Max = 10, Unit = "a year, 1.00 = 100 %" },
        new("correlation", SettingType.NumberList, "Several underlyings: their correlation matrix, row by row.") { MayBeRows = true, Min = -1, Max = 1 },
        new("v0", SettingType.Number, "heston, bates: initial variance.") { Min = 0, Max = 100 },
        new("kappa", SettingType.Number, "heston, bates: speed of mean reversion.") { Min = 0, Max = 1000, Unit = "a year" },
        new("theta", SettingType.Number, "heston, bates: long-run variance.") { Min = 0, Max = 100 },
        new("xi", SettingType.Number, "heston, bates: volatility of variance.") { Min = 0, Max = 100 },
        new("rho", SettingType.Number, "heston, bates, sabr, rough-bergomi: correlation of price and variance.") { Min = -1, Max = 1 },
        new("lambda", SettingType.Number, "merton, kou, bates: jumps a year.") { Min = 0, Max = 10000 },
        new("jumpMean", SettingType.Number, "merton, bates: mean of a jump of the log price.") { Min = -10, Max = 10 },
        new("jumpStdDev", SettingType.Number, "merton, bates: standard deviation of a jump of the log price.") { Min = 0, Max = 10 },
        new("upProbability", SettingType.Number, "kou: probability that a jump is upwards.") { Min = 0, Max = 1 },
        new("upRate", SettingType.Number, "kou: an upward jump of the log price has mean 1/upRate; above 1, or its mean price is infinite.") { Min = 1.0001, Max = 1e6 },
        new("downRate", SettingType.Number, "kou: a downward jump has mean 1/downRate.") { Min = 1e-3, Max = 1e6 },
        new("alpha", SettingType.Number, "sabr: initial volatility.") { Min = 0, Max = 1e6 },
        new("beta", SettingType.Number, "sabr: exponent of the price.") { Min = 0, Max = 1 },
        new("nu", SettingType.Number, "sabr: volatility of volatility.") { Min = 0, Max = 100 },
        new("hurst", SettingType.Number, "rough-bergomi: Hurst exponent.") { Min = 0.01, Max = 0.5 },
        new("eta", SettingType.Number, "rough-bergomi: volatility of log variance.") { Min = 0, Max = 100 },
        new("forwardVariance", SettingType.Number, "rough-bergomi: flat forward variance.") { Min = 0, Max = 100 },
        new("up", SettingType.Number, "trinomial: factor of an up-step; a down-step is its inverse.") { Min = 1.0000001, Max = 100 },
        new("probabilities", SettingType.NumberList, "trinomial: probabilities of up, middle and down, which sum to 1.") { Min = 0, Max = 1 },
        new("regimeVolatilities", SettingType.NumberList, "regime-switching: volatility of each regime.") { Min = 0, Max = 10 },
        new("regimeDrifts", SettingType.NumberList, "regime-switching: drift of each regime, in place of drift.") { Min = -10, Max = 10 },
        new("regimeIntensities", SettingType.NumberList, "regime-switching: switches a year from each regime to each, row by row; the diagonal is ignored.") { MayBeRows = true, Min = 0, Max = 100000 },
        new("initialRegime", SettingType.Integer, "regime-switching: the first regime, from 0.") { Default = "0", Min = 0, Max = 63 },
        new("file", SettingType.Text, "bootstrap: a CSV of prices. paths: .npy [paths, steps + 1] or CSV, a path a line. Relative to this file.") { Default = "\"\"" },
        new("column", SettingType.Text, "bootstrap: the column of prices, by its name in the first line; empty takes the last.") { Default = "\"\"" },
        new("blockLength", SettingType.Number, "bootstrap: mean length of a block of consecutive returns.") { Default = "20", Min = 1, Max = 100000, Unit = "steps" },
        new("trainingShare", SettingType.Number, "bootstrap: training draws from this share of the history, from its beginning; evaluation from the rest (1: both from all).") { Default = "1", Min = 0.05, Max = 1 },
        new("windowStride", SettingType.Integer, "bootstrap: above 0, evaluation hedges the history's own windows of time.steps returns, a new one every so many observations; 0 draws blocks.") { Default = "0", Min = 0, Max = 100000, Unit = "steps" },
        new("draws", SettingType.Choice, "random; antithetic: paths in mirrored pairs; sobol: scrambled Sobol points through a Brownian bridge.") { Default = "\"random\"", Choices = ["random", "antithetic", "sobol"] });

    internal static readonly Section ContractKeys = new("contract", ContractSettings());

    private static Setting[] ContractSettings() =>
    [
        new("contract", SettingType.Choice, "What is owed or held; European exercise.") { Default = "\"european\"", Choices = Contracts, OtherNames = _contractNames },
        new("right", SettingType.Choice, "Call or put.") { Default = "\"call\"", Choices = ["call", "put"], OtherNames = [] },
        new("strike", SettingType.Number, "Strike.") { Min = 0, Max = 1e12, Unit = "quote currency" },
        new("cash", SettingType.Number, "cash-digital: what it pays.") { Default = "1", Min = 0, Max = 1e15, Unit = "quote currency" },
        new("barrier", SettingType.Number, "Barriers: the level, watched at the decision steps.") { Min = 1e-9, Max = 1e12, Unit = "quote currency" },
        new("rebate", SettingType.Number, "Barriers: paid at maturity when knocked out, or never in.") { Default = "0", Min = 0, Max = 1e12, Unit = "quote currency" },
        new("notional", SettingType.Number, "Size: multiplies the payoff.") { Default = "1", Min = 1e-12, Max = 1e15 },
        new("position", SettingType.Number, "Contracts held: -1 is one sold.") { Default = "-1", Min = -1e12, Max = 1e12 },
        new("underlying", SettingType.Integer, "Index of the underlying, from 0.") { Default = "0", Min = 0, Max = 63 },
        new("weights", SettingType.NumberList, "basket: weight of each underlying.") { Min = -1e6, Max = 1e6 },
        new("expiryStep", SettingType.Integer, "Step at which it expires; -1 is the last.") { Default = "-1", Min = -1, Max = 100000 },
    ];

    private static readonly Section Costs = new("costs",
        new("proportional", SettingType.Number, "Per unit of traded value: 0.001 is ten basis points.") { Default = "0", Min = 0, Max = 1 },
        new("fixed", SettingType.Number, "Per trade.") { Default = "0", Min = 0, Max = 1e12, Unit = "quote currency" },
        new("quadratic", SettingType.Number, "Temporary impact: a trade of n units at S costs quadratic·S·n².") { Default = "0", Min = 0, Max = 1e6, Unit = "per unit" },
        new("permanent", SettingType.Number, "Permanent impact: a trade of n moves the price by permanent·S·n.") { Default = "0", Min = 0, Max = 1e3, Unit = "per unit" },
        new("transient", SettingType.Number, "Transient impact: a trade of n moves the price by transient·S·n, which then fades.") { Default = "0", Min = 0, Max = 1e3, Unit = "per unit" },
        new("decay", SettingType.Number, "Rate at which the transient impact fades; where transient is left out, the permanent one.") { Default = "0", Min = 0, Max = 1e9, Unit = "a year" },
        new("spreadFile", SettingType.Text, "Half-spreads as a share of price, added to proportional: .npy [steps + 1] or [paths, steps + 1].") { Default = "\"\"" },
        new("minimumTrade", SettingType.Number, "A smaller trade is not made.") { Default = "0", Min = 0, Max = 1e12, Unit = "units" },
        new("lot", SettingType.Number, "Holdings are whole multiples of this; 0 allows any.") { Default = "0", Min = 0, Max = 1e12, Unit = "units" },
        new("latencySteps", SettingType.Integer, "Steps between a decision and its trade.") { Default = "0", Min = 0, Max = 100 },
        new("fillShare", SettingType.Number, "Mean share of a wanted trade that is filled, drawn evenly from [2·fillShare - 1, 1].") { Default = "1", Min = 0.5, Max = 1 },
        new("slippageStdDev", SettingType.Number, "Standard deviation of a trade's price, as a share of it.") { Default = "0", Min = 0, Max = 1 });

    private static readonly Section Hedge = new("hedge",
        new("instrument", SettingType.Choice, "What is traded.") { Required = true, Choices = ["spot", "perpetual", "variance-swap", "option"], OtherNames = [("underlying", "spot"), ("perp", "perpetual"), ("varswap", "variance-swap")] },
        new("underlying", SettingType.Integer, "Index of the underlying, from 0.") { Default = "0", Min = 0, Max = 63 },
        new("costs", SettingType.Object, "What a trade costs.") { Section = Costs },
        new("bounds", SettingType.NumberList, "Least and greatest holding, in units.") { Min = -1e12, Max = 1e12 },
        new("fundingRate", SettingType.Number, "perpetual: what a long pays on the notional.") { Default = "0", Min = -10, Max = 10, Unit = "a year" },
        new("right", SettingType.Choice, "option: call or put.") { Default = "\"call\"", Choices = ["call", "put"], OtherNames = [] },
        new("strike", SettingType.Number, "option: strike.") { Min = 1e-9, Max = 1e12, Unit = "quote currency" },
        new("expiryYears", SettingType.Number, "option: years from the start to its expiry, not before the last step.") { Min = 0, Max = 100, Unit = "years" });

    private static readonly Setting[] RuleSettings =
    [
        new("every", SettingType.Integer, "Decide only every so many steps; a trained policy carries it as its schedule.") { Default = "1", Min = 1, Max = 100000, Unit = "steps" },
        new("threshold", SettingType.Number, "delta-threshold: half-width of the band; left out, it is tuned on training paths.") { Min = 0, Max = 1e12, Unit = "units" },
        new("riskAversion", SettingType.Number, "whalley-wilmott, hodges-neuberger: left out, it is the entropic objective's, else tuned on training paths.") { Min = 1e-15, Max = 1e9, Unit = "1 / quote currency" },
        new("volatility", SettingType.Number, "Classical rules: volatility at which delta is computed; left out, the model's.") { Min = 0, Max = 10, Unit = "a year" },
    ];

    private static readonly Section Baseline = new("baseline",
    [
        new("kind", SettingType.Choice, "The rule.") { Required = true, Choices = ClassicalRules, OtherNames = _ruleNames },
        new("name", SettingType.Text, "Key in the report; left out, the kind, with -every-N where it is above 1.") { Default = "\"\"" },
        .. RuleSettings,
    ]);

    internal static readonly Section Keys = new("specification",
        new("name", SettingType.Text, "What reports call it; left out, the file's name.") { Default = "\"\"" },
        new("market", SettingType.Object, "The market.") { Required = true, Section = Market },
        new("time", SettingType.Object, "The decision times.")
        {
            Required = true, Section = new("time",
            new("steps", SettingType.Integer, "Decisions; maturity is steps·stepYears.") { Required = true, Min = 1, Max = 100000 },
            new("stepYears", SettingType.Number, "Years between decisions.") { Required = true, Min = 1e-9, Max = 10, Unit = "years" },
            new("substeps", SettingType.Integer, "Simulation steps inside one, for schemes with a discretisation error.") { Default = "1", Min = 1, Max = 1000 })
        },
        new("liability", SettingType.Object, "What is owed.")
        {
            Required = true, Section = new("liability",
            [
                .. ContractSettings(),
                new("positions", SettingType.List, "A portfolio, in place of the keys of one contract.") { Section = ContractKeys },
                new("file", SettingType.Text, "A CSV of positions whose columns are these keys, in place of them. Relative to this file.") { Default = "\"\"" },
                new("premium", SettingType.NumberOrChoice, "What was received at the start: a number, model (the model's price) or black-scholes.") { Default = "0", Choices = ["model", "black-scholes"], OtherNames = [("bs", "black-scholes")], Min = -1e15, Max = 1e15, Unit = "quote currency" },
            ])
        },
        new("hedges", SettingType.List, "What may be traded.") { Required = true, Min = 1, Shorthand = "instrument", Section = Hedge },
        new("initialHolding", SettingType.NumberOrList, "Units held before the first decision, of each hedge.") { Default = "0", Min = -1e12, Max = 1e12, Unit = "units" },
        new("liquidateAtEnd", SettingType.Flag, "Whether what is held at maturity is sold at its cost.") { Default = "false" },
        new("objective", SettingType.Object, "What is minimised.")
        {
            Required = true, Section = new("objective",
            new("kind", SettingType.Choice, "The risk of the loss L = payoff - trading gains + costs.") { Required = true, Choices = Objectives, OtherNames = _objectiveNames },
            new("riskAversion", SettingType.Number, "mean-variance, mean-variance-cvar, entropic: a, per 1.0 of quote currency. power: relative.") { Min = 1e-15, Max = 1e9 },
            new("level", SettingType.Number, "cvar, mean-cvar, mean-variance-cvar: 0.99 looks at the worst hundredth.") { Min = 0, Max = 0.999999 },
            new("k", SettingType.Number, "mean-std: weight of the standard deviation.") { Min = 0, Max = 1000 },
            new("weight", SettingType.Number, "mean-cvar: weight of the CVaR, 0 to 1. mean-variance-cvar: how often the CVaR is added.") { Min = 0, Max = 1000 },
            new("tau", SettingType.Number, "expectile: from one half to one.") { Min = 0.5, Max = 0.999999 },
            new("wealth", SettingType.Number, "power: wealth before the loss.") { Min = 1e-9, Max = 1e15, Unit = "quote currency" })
        },
        new("policy", SettingType.Object, "What is trained, or a classical rule.")
        {
            Section = new("policy",
            [
                new("architecture", SettingType.Choice, "A network, or a classical rule that needs no training.") { Default = "\"mlp\"", Choices = Architectures, OtherNames = _ruleNames },
                new("hidden", SettingType.NumberList, "Units of each hidden layer; those of lstm and gru come in multiples of 4.") { Default = "[32, 32]", Min = 1, Max = 4096 },
                new("features", SettingType.TextList, "Features in order; empty leaves the choice to the architecture.") { Default = "[]" },
                new("activation", SettingType.Choice, "Activation of hidden layers.") { Default = "\"silu\"", Choices = ["relu", "tanh", "silu"] },
                new("networkPerStep", SettingType.Flag, "One network a step instead of one for all.") { Default = "false" },
                new("learnInitialHolding", SettingType.Flag, "Whether the first holding is a parameter of its own.") { Default = "false" },
                .. RuleSettings,
            ])
        },
        new("training", SettingType.Object, "How it is trained.")
        {
            Section = new("training",
            new("paths", SettingType.Integer, "Paths of one epoch.") { Default = "100000", Min = 2, Max = 1e9 },
            new("epochs", SettingType.Integer, "Passes.") { Default = "20", Min = 1, Max = 1e6 },
            new("batch", SettingType.Integer, "Paths of one gradient.") { Default = "1000", Min = 2, Max = 1e7 },
            new("learningRate", SettingType.Number, "Adam's first step size.") { Default = "0.003", Min = 1e-12, Max = 10 },
            new("seed", SettingType.Integer, "Seed of training paths and initial weights.") { Default = "1", Min = 0, Max = 9e18 },
            new("clipNorm", SettingType.Number, "Norm to which a gradient is clipped; 0 does not clip.") { Default = "1", Min = 0, Max = 1e12 },
            new("averagingShare", SettingType.Number, "Share of the last epochs whose weights are averaged.") { Default = "0.5", Min = 0, Max = 1 },
            new("coarseStepFactor", SettingType.Integer, "Earlier rounds decide only every n-th step.") { Default = "1", Min = 1, Max = 1000 },
            new("importance", SettingType.Object, "Importance sampling of tails: training paths, and those held back, come from a mixture of markets and count by their ratios. {} is off.") { Section = Importance },
            new("teacher", SettingType.Choice, "none trains on the objective; else the rule that is imitated.") { Default = "\"none\"", Choices = ["none", "delta", "minimum-variance-delta", "dynamic-programme"] },
            new("threads", SettingType.Integer, "0 takes all cores; the result is the same for any.") { Default = "0", Min = 0, Max = 1024 })
        },
        new("evaluation", SettingType.Object, "How it is judged.")
        {
            Section = new("evaluation",
            new("paths", SettingType.Integer, "Held-back paths.") { Default = "100000", Min = 10, Max = 1e9 },
            new("seed", SettingType.Integer, "Seed of the held-back paths; another than the training's.") { Default = "1000003", Min = 0, Max = 9e18 },
            new("importance", SettingType.Object, "Judges the tail by importance sampling too, beside the plain paths. {} is off.") { Section = Importance },
            new("resamples", SettingType.Integer, "Bootstrap resamples for confidence intervals.") { Default = "200", Min = 20, Max = 100000 },
            new("walkForward", SettingType.Integer, "bootstrap with windowStride: judges the windows in so many stretches and trains the policy anew before each, on the history before it; 0 trains once.") { Default = "0", Min = 0, Max = 1000 },
            new("walkForwardHistory", SettingType.Integer, "walkForward: returns before a stretch that its training draws from; 0 takes all there are.") { Default = "0", Min = 0, Max = 1e7, Unit = "steps" },
            new("robustness", SettingType.TextList, "Specification files on whose markets the strategies are tested too. Relative to this file.") { Default = "[]" })
        },
        new("baselines", SettingType.List, "Classical rules to compare with, each a kind or an object.") { Default = "[\"none\", \"delta\"]", Shorthand = "kind", Section = Baseline },
        new("certificate", SettingType.Choice, "The exact optimum: dp a dynamic programme, lp a linear programme on a small tree.") { Default = "\"none\"", Choices = ["none", "dp", "lp"], OtherNames = [("dynamicprogramme", "dp"), ("dynamicprogram", "dp"), ("linearprogramme", "lp"), ("linearprogram", "lp")] });
}
